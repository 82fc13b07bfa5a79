"""The commands of the command line: `staff` edit content and measure it, `operators` run the bot; `shared` is what all have."""
