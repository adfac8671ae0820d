package slacksim

import (
	"sync"
	"time"
)

// Fault makes requests to a method fail.
type Fault struct {
	Method string `json:"method"` // an API method, "response_url", "upload", or "*"
	Error  string `json:"error"`  // error code of the reply
	Status int    `json:"status"` // HTTP status of the reply
	// RetryAfter, in seconds, makes the reply a 429.
	RetryAfter int `json:"retry_after"`
	// Times is how many requests fail; 0 means one, below 0 all of them.
	Times int `json:"times"`
	// AfterEffect does what was asked first. Without an error or status the
	// connection is then closed, so that the caller cannot know.
	AfterEffect bool `json:"after_effect"`
	// DelayMS holds the reply back, in milliseconds of real time.
	DelayMS int `json:"delay_ms"`
}

func (f Fault) delay() time.Duration { return time.Duration(f.DelayMS) * time.Millisecond }

// onlySlow tells whether the fault delays and does nothing else.
func (f Fault) onlySlow() bool {
	return f.DelayMS > 0 && f.Error == "" && f.Status == 0 && f.RetryAfter == 0 && !f.AfterEffect
}

// Faults are the faults waiting to happen.
type Faults struct {
	mu   sync.Mutex
	list []Fault
}

// Add arms a fault.
func (f *Faults) Add(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	or(&fault.Times, 1)
	f.list = append(f.list, fault)
}

// Clear disarms every fault.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = nil
}

// List returns the faults still armed.
func (f *Faults) List() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Fault{}, f.list...)
}

// take uses up the first fault that fits the method.
func (f *Faults) take(method string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, fault := range f.list {
		if fault.Method != method && fault.Method != "*" {
			continue
		}
		if fault.Times > 0 {
			f.list[i].Times--
			if f.list[i].Times == 0 {
				f.list = append(f.list[:i:i], f.list[i+1:]...)
			}
		}
		return fault, true
	}
	return Fault{}, false
}

// Faults are the faults of the workspace's HTTP side. Faults of sockets are
// made with DropSockets.
func (w *Workspace) Faults() *Faults { return w.faults }
