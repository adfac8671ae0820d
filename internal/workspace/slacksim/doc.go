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
//
// A form is driven over HTTP as the page does it: GET /ui/state?as=… tells the views that are open, POST /ui/options
// {as, view_id, block_id, action_id, value} asks the app for the options of an external select (they come flat as options,
// and under their headings as option_groups), and POST /ui/submit {as, view_id, values: {block_id: {action_id: value}}}
// sends it. A value is text, an option's value of a static select, an option object as it came of an external one, a list
// of these where several can be chosen, and {name, content} for a file. In Go, [Person.Suggest], [Person.Choose] and
// [Person.Submit] do the same.
package slacksim
