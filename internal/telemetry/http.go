package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Probe says whether something the bot cannot do without works now; a nil error means yes.
type Probe struct {
	Name  string
	Check func(context.Context) error
}

// Server serves /metrics, /healthz (the process answers) and /readyz (every probe is content).
type Server struct {
	Metrics *Metrics
	Probes  []Probe

	http *http.Server
	addr net.Addr
	done chan struct{}
}

// Start listens on the address; ":0" takes a free port.
func (s *Server) Start(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen for metrics and health: %w", err)
	}
	s.addr, s.done = l.Addr(), make(chan struct{})
	s.http = &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		defer close(s.done)
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			panic(err) // the listener broke: nothing can tell the orchestrator any more
		}
	}()
	return nil
}

// Addr is where it listens.
func (s *Server) Addr() string { return s.addr.String() }

// Close stops listening and waits for it.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close()
	}
	<-s.done
	return err
}

// Handler routes the three paths.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.Metrics.Registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", s.ready)
	return mux
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	status, answers := http.StatusOK, map[string]string{}
	for _, p := range s.Probes {
		answers[p.Name] = "ok"
		if err := p.Check(ctx); err != nil {
			status, answers[p.Name] = http.StatusServiceUnavailable, Redact(err.Error())
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answers)
}
