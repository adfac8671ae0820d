// Package workspace is the local world the bot can be run, shown and tested in: a simulated Slack, a
// simulated AWS, a Redis and one clock for all of them, with a page in which a person watches and
// breaks things. It starts the parts, gives them the same time and puts their controls behind one
// address. It knows nothing of the bot: the bot reaches it as it reaches the real services, with
// other URLs.
package workspace
