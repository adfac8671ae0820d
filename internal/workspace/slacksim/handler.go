package slacksim

import "net/http"

// Handler serves the whole workspace: the Web API under /api/, connections at
// /link/, response addresses, files, and the people's side under /ui/. Every
// other path goes to Options.Page.
func (w *Workspace) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/", w.standing(w.serveAPI(w.endpoints())))
	mux.HandleFunc("/link/", w.standing(w.serveLink))
	mux.HandleFunc("POST /response/", w.standing(w.serveResponse))
	mux.HandleFunc("POST /upload/", w.standing(w.serveUpload))
	mux.HandleFunc("GET /files/", w.serveFile)
	mux.Handle("/ui/", w.people())
	if w.opt.Page != nil {
		mux.Handle("/", w.opt.Page)
	}
	return mux
}
