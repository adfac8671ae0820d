// Package blockkit knows the shapes and limits of Slack's Block Kit, and how
// to find the texts and controls inside blocks. Blocks are decoded JSON:
// objects are map[string]any and lists are []any.
//
// It knows no workspace: it neither stores nor sends anything.
package blockkit
