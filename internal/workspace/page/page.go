// Package page is the browser's view of the local workspace: a chat client for the people of the
// simulated Slack and, beside it, the simulated fleet. It is a handful of static files without a
// build step; everything it shows and does goes through the control APIs on its own origin
// (/ui/, /fleet/, /clock and /info). It knows the wire of neither Slack nor AWS.
package page

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed static
var embedded embed.FS

// policy lets the page run and show only what comes from its own origin.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Files holds the page's files, with index.html at the root.
func Files() fs.FS {
	files, err := fs.Sub(embedded, "static")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	return files
}

// Handler serves the page. Browsers are told to ask again each time, so that a new build of the
// program is never mixed with files of an old one.
func Handler() http.Handler {
	files := http.FileServerFS(Files())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", policy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Cache-Control", "no-cache")
		files.ServeHTTP(w, r)
	})
}
