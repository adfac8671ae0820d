// Package blocks turns a card into Block Kit, and a form into a modal, within Slack's limits whatever the
// card holds. It is pure: the same card gives the same blocks.
//
// What a person or AWS wrote is text and stays text: it is escaped before it is cut, control and
// direction marks are taken out, and nothing in it becomes a mention, a link or a command to notify a
// channel. Only the parts of a card.Text that say so become live. What does not fit is counted and told.
package blocks
