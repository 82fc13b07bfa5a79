"""An assistant for migrants in Kraków and Małopolska, on Telegram, Messenger, Viber and the web.

Read in this order: `types` (the nouns), `dialogue` (a message becomes a turn), `nlu` (what a text means), `replies` (what we say),
`service` (the two loops), `store` (what survives a crash), `channels` (how people reach us), `editions` (what staff wrote,
ready to answer), `app` (how it is put together), `webserver` (what strangers can reach).
"""
