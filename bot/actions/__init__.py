"""The few answers that need code. Each is a function of its tracker and domain, so `python -m rasa_sdk --actions bot.actions`
serves the same files to any Rasa server. None touches the database, the network or a file.
"""
