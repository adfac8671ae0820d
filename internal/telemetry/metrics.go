package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics holds one series per promise the bot makes.
type Metrics struct {
	Registry *prometheus.Registry

	accept     *prometheus.HistogramVec
	answer     *prometheus.HistogramVec
	waited     prometheus.Histogram
	operation  *prometheus.HistogramVec
	turns      *prometheus.CounterVec
	awsCalls   *prometheus.HistogramVec
	slackCalls *prometheus.CounterVec
}

// NewMetrics registers everything afresh.
func NewMetrics() *Metrics {
	quick := []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 3}
	long := []float64{60, 300, 900, 1800, 3600, 7200, 14400, 43200, 86400}
	m := &Metrics{
		Registry:   prometheus.NewRegistry(),
		accept:     histogram("amiral_accept_seconds", "From an envelope's arrival to its ack, the durable inbox included.", quick, "kind"),
		answer:     histogram("amiral_answer_seconds", "From an envelope's arrival to the end of its handling.", quick, "kind"),
		waited:     prometheus.NewHistogram(prometheus.HistogramOpts{Name: "amiral_approval_wait_seconds", Help: "From a request to its decision.", Buckets: long}),
		operation:  histogram("amiral_operation_seconds", "From an operation's start to its end.", long, "kind", "state"),
		turns:      counter("amiral_turns_total", "Turns of operations, by how they ended.", "kind", "result"),
		awsCalls:   histogram("amiral_aws_call_seconds", "Calls to AWS.", prometheus.DefBuckets, "call", "result"),
		slackCalls: counter("amiral_slack_calls_total", "Calls to Slack's Web API.", "method", "result"),
	}
	m.Registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.accept, m.answer, m.waited, m.operation, m.turns, m.awsCalls, m.slackCalls)
	return m
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

// Gauge registers a value that is read when it is scraped.
func (m *Metrics) Gauge(name, help string, read func() float64) {
	m.Registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
}

// Accepted counts an envelope that was stored and acked.
func (m *Metrics) Accepted(kind string, took time.Duration) {
	m.accept.WithLabelValues(kind).Observe(took.Seconds())
}

// Answered counts an envelope that was handled.
func (m *Metrics) Answered(kind string, took time.Duration) {
	m.answer.WithLabelValues(kind).Observe(took.Seconds())
}

// Decided counts how long a request waited for its decision.
func (m *Metrics) Decided(waited time.Duration) { m.waited.Observe(waited.Seconds()) }

// Ended counts an operation's end.
func (m *Metrics) Ended(kind, state string, took time.Duration) {
	m.operation.WithLabelValues(kind, state).Observe(took.Seconds())
}

// Turned counts a turn.
func (m *Metrics) Turned(kind, result string) { m.turns.WithLabelValues(kind, result).Inc() }

// AWS counts a call to AWS.
func (m *Metrics) AWS(call string, took time.Duration, err error) {
	m.awsCalls.WithLabelValues(call, result(err)).Observe(took.Seconds())
}

// Slack counts a call to Slack.
func (m *Metrics) Slack(method string, err error) {
	m.slackCalls.WithLabelValues(method, result(err)).Inc()
}

func result(err error) string {
	if err != nil {
		return "error"
	}
	return "ok"
}
