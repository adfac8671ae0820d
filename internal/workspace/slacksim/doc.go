// Package slacksim is a Slack workspace on a port: people, channels, threads,
// modals and one installed app that connects through Socket Mode.
//
// It knows the wire and nothing else. An unmodified Slack client pointed at
// [Workspace.URL] meets the rules it would meet at Slack: single-use tickets,
// three seconds to acknowledge, triggers that expire, scopes, membership, Block
// Kit limits, rate limits, retries, and sockets that are recycled or lost.
// People are driven from Go ([Workspace.As]) or over JSON under /ui/, and every
// request and frame is kept in a journal.
//
// It knows nothing about any particular bot, and imports none.
package slacksim
