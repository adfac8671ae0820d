package workspace

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/amiral-ops/amiral/internal/workspace/page"
)

// startPage serves the page and everything it asks for on one origin: /ui/ and /files/ from Slack,
// /fleet/ from the cloud, and the clock.
func (w *Workspace) startPage(opts Options) error {
	mux := http.NewServeMux()
	slack, cloud := w.Slack.Handler(), w.Cloud.Handler()
	mux.Handle("/ui/", slack)
	mux.Handle("/files/", slack)
	mux.Handle("/fleet/", cloud)
	mux.HandleFunc("GET /info", func(rw http.ResponseWriter, _ *http.Request) { answer(rw, w.info) })
	mux.HandleFunc("GET /clock", func(rw http.ResponseWriter, _ *http.Request) { answer(rw, w.reading()) })
	mux.HandleFunc("POST /clock", w.serveClock)
	mux.HandleFunc("POST /redis", w.serveRedis)
	mux.Handle("/", page.Handler())
	url, err := w.serve(opts.PageAddr, mux)
	w.info.Page = url + "/"
	return err
}

// reading is what the clock shows, as JSON.
type reading struct {
	OK     bool      `json:"ok"`
	Now    time.Time `json:"now"`
	Rate   float64   `json:"rate"`
	Offset int       `json:"offset"` // seconds ahead of real time
}

func (w *Workspace) reading() reading {
	now := w.Clock.Now()
	return reading{OK: true, Now: now, Rate: w.Clock.Rate(), Offset: int(time.Until(now).Round(time.Second).Seconds())}
}

// order asks for a push of the clock, for another rate, or for both.
type order struct {
	Advance string   `json:"advance"`
	Rate    *float64 `json:"rate"`
}

// serveClock pushes the clock ({"advance":"10m"}) or changes its rate ({"rate":10}).
func (w *Workspace) serveClock(rw http.ResponseWriter, r *http.Request) {
	if err := w.move(rw, r); err != nil {
		refuse(rw, err)
		return
	}
	answer(rw, w.reading())
}

// serveRedis stops the embedded Redis ({"how":"down"}) or brings it back ({"how":"up"}).
func (w *Workspace) serveRedis(rw http.ResponseWriter, r *http.Request) {
	var asked struct {
		How string `json:"how"`
	}
	err := json.NewDecoder(http.MaxBytesReader(rw, r.Body, 1<<12)).Decode(&asked)
	switch {
	case err != nil:
	case asked.How == "down":
		err = w.StopRedis()
	case asked.How == "up":
		err = w.StartRedis()
	default:
		err = fmt.Errorf("redis goes down or up, not %q", asked.How)
	}
	if err != nil {
		refuse(rw, err)
		return
	}
	answer(rw, map[string]any{"ok": true})
}

func refuse(rw http.ResponseWriter, err error) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(rw).Encode(map[string]any{"ok": false, "error": err.Error()})
}

func (w *Workspace) move(rw http.ResponseWriter, r *http.Request) error {
	var o order
	if err := json.NewDecoder(http.MaxBytesReader(rw, r.Body, 1<<12)).Decode(&o); err != nil {
		return fmt.Errorf("read the order: %w", err)
	}
	if o.Rate != nil {
		if err := w.Clock.SetRate(*o.Rate); err != nil {
			return err
		}
	}
	if o.Advance == "" {
		return nil
	}
	d, err := time.ParseDuration(o.Advance)
	if err != nil {
		return fmt.Errorf("read the duration: %w", err)
	}
	return w.Advance(d)
}

func answer(rw http.ResponseWriter, v any) {
	rw.Header().Set("Content-Type", "application/json")
	rw.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(rw).Encode(v)
}
