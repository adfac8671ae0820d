package awssim

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Options say how the simulated cloud behaves. The zero value is a cloud of one account that ages with the
// wall clock and throttles as AWS does.
type Options struct {
	// Now is the clock of the fleet; time.Now by default. It may be pushed, never pulled back.
	Now func() time.Time
	// Clock tells the page in the browser how fast the clock goes and how far ahead it is. Without it the
	// rate is said to be 1 and the distance is measured.
	Clock func() ClockState
	// Seed fixes every identifier and every choice that AWS makes at will.
	Seed int64
	// Account is the account of callers that assumed no role; 123456789012 by default.
	Account string
	// Regions are shown even before anybody calls them; eu-west-1 by default. Others appear when called.
	Regions []string
	// NoThrottle answers every call, however many there are.
	NoThrottle bool
	// ScalingRate and ScalingBurst size the one bucket all Auto Scaling calls share; 10 a second and 100.
	ScalingRate, ScalingBurst float64
	// NotFoundFor is how long a new id is unknown to reads; one second by default, negative for never.
	NotFoundFor time.Duration
	// PendingFor is how long an instance is pending; 30 seconds by default.
	PendingFor time.Duration
	// BootFor is how long a running instance takes until its status checks can tell; 60 seconds by default.
	BootFor time.Duration
	// StopFor is how long stopping, and how long shutting down takes; 20 seconds by default.
	StopFor time.Duration
	// ImageFor is how long a new image is pending; 4 minutes by default.
	ImageFor time.Duration
	// TargetHealthyAfter is how long a registered target is initial; 20 seconds by default.
	TargetHealthyAfter time.Duration
	// DrainFor is how long a target drains before its instance ends; 30 seconds by default.
	DrainFor time.Duration
	// InstanceLimit is how many instances a fleet may have; 5000 by default.
	InstanceLimit int
	// VCPULimit is how many vCPUs of machines may run in a fleet, TemplateLimit how many launch templates it may have
	// and GroupLimit how many Auto Scaling groups; without a limit, 5000 and 500 by default.
	VCPULimit, TemplateLimit, GroupLimit int
	// Latency is how long an answer takes at least, in real time; 2 milliseconds by default, negative for
	// none. The SDK for Go closes the connection under an answer that arrives before it has looked for the
	// end of its own request, which only happens over loopback.
	Latency time.Duration
	// Denied lists actions nobody may call, such as "ec2:TerminateInstances"; "autoscaling:*" denies a service.
	Denied []string
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Clock == nil {
		now := o.Now
		o.Clock = func() ClockState {
			return ClockState{Rate: 1, Offset: int(time.Until(now()).Round(time.Second).Seconds())}
		}
	}
	o.Account = cmp.Or(o.Account, "123456789012")
	if len(o.Regions) == 0 {
		o.Regions = []string{"eu-west-1"}
	}
	o.ScalingRate = cmp.Or(o.ScalingRate, 10)
	o.ScalingBurst = cmp.Or(o.ScalingBurst, 100)
	o.NotFoundFor = max(cmp.Or(o.NotFoundFor, time.Second), 0)
	o.PendingFor = max(cmp.Or(o.PendingFor, 30*time.Second), 0)
	o.BootFor = max(cmp.Or(o.BootFor, time.Minute), 0)
	o.StopFor = max(cmp.Or(o.StopFor, 20*time.Second), 0)
	o.ImageFor = max(cmp.Or(o.ImageFor, 4*time.Minute), 0)
	o.TargetHealthyAfter = max(cmp.Or(o.TargetHealthyAfter, 20*time.Second), 0)
	o.DrainFor = max(cmp.Or(o.DrainFor, 30*time.Second), 0)
	o.InstanceLimit = cmp.Or(o.InstanceLimit, 5000)
	o.TemplateLimit = cmp.Or(o.TemplateLimit, 5_000)
	o.GroupLimit = cmp.Or(o.GroupLimit, 500)
	o.Latency = max(cmp.Or(o.Latency, 2*time.Millisecond), 0)
	return o
}

// Cloud is the whole of it: accounts, regions, the timeline they share, and the faults somebody ordered.
// It is safe for many callers at once; each request sees and changes the fleet alone.
type Cloud struct {
	opts    Options
	actions map[string]map[string]action

	mu          sync.Mutex
	now         time.Time
	timeline    timeline
	random      *rand.Rand
	accounts    map[string]*Account
	sessions    map[string]session
	denied      []string
	faults      []*Fault
	faultNumber int
	calls       []Call
	counts      map[string]int
	buckets     map[string]*bucket
	changed     func(Change)
	script      func(Script) Output

	stopping chan struct{}
	server   *http.Server
	served   chan struct{}
	url      string
}

// New returns a cloud with nothing in it.
func New(opts Options) *Cloud {
	opts = opts.withDefaults()
	c := &Cloud{
		opts:     opts,
		now:      opts.Now(),
		random:   rand.New(rand.NewSource(opts.Seed)),
		accounts: map[string]*Account{},
		sessions: map[string]session{},
		denied:   slices.Clone(opts.Denied),
		counts:   map[string]int{},
		buckets:  map[string]*bucket{},
		stopping: make(chan struct{}),
	}
	c.actions = c.book()
	for _, region := range opts.Regions {
		c.account(opts.Account).region(region)
	}
	return c
}

// Account is one AWS account of the cloud.
type Account struct {
	cloud   *Cloud
	id      string
	regions map[string]*Fleet
}

// Account returns the account of that number, made on first use.
func (c *Cloud) Account(id string) *Account {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.account(id)
}

func (c *Cloud) account(id string) *Account {
	a := c.accounts[id]
	if a == nil {
		a = &Account{cloud: c, id: id, regions: map[string]*Fleet{}}
		c.accounts[id] = a
	}
	return a
}

// Region returns the default account's fleet in that region, made on first use.
func (c *Cloud) Region(name string) *Fleet { return c.Account(c.opts.Account).Region(name) }

// Region returns the account's fleet in that region, made on first use.
func (a *Account) Region(name string) *Fleet {
	a.cloud.mu.Lock()
	defer a.cloud.mu.Unlock()
	return a.region(name)
}

func (a *Account) region(name string) *Fleet {
	f := a.regions[name]
	if f == nil {
		f = newFleet(a.cloud, a.id, name)
		a.regions[name] = f
	}
	return f
}

// fleets returns every fleet, ordered by account and region.
func (c *Cloud) fleets() []*Fleet {
	var all []*Fleet
	for _, a := range sortedValues(c.accounts) {
		all = append(all, sortedValues(a.regions)...)
	}
	return all
}

// lock takes the cloud for one caller and plays what has become due. Call the result to let go.
func (c *Cloud) lock() (unlock func()) {
	c.mu.Lock()
	c.advance()
	return c.mu.Unlock
}

// id returns a new identifier such as i-0f3b…, of 17 digits as AWS gives them.
func (c *Cloud) id(prefix string) string {
	return fmt.Sprintf("%s-0%016x", prefix, c.random.Uint64())
}

// uuid returns a new identifier in the shape of a UUID.
func (c *Cloud) uuid() string {
	a, b := c.random.Uint64(), c.random.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>52, b&0xffffffffffff)
}

// Start serves the cloud on a free port of the loopback interface, until Close.
func (c *Cloud) Start() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for the simulated cloud: %w", err)
	}
	c.url = "http://" + listener.Addr().String()
	c.server = &http.Server{Handler: c.Handler(), ReadHeaderTimeout: 10 * time.Second}
	c.served = make(chan struct{})
	go func() {
		defer close(c.served)
		_ = c.server.Serve(listener)
	}()
	return nil
}

// URL is where Start serves, such as http://127.0.0.1:43210; give it to clients as the endpoint.
func (c *Cloud) URL() string { return c.url }

// Close ends what Start began, open event streams included. Closing twice is harmless.
func (c *Cloud) Close() error {
	c.mu.Lock()
	select {
	case <-c.stopping:
	default:
		close(c.stopping)
	}
	c.mu.Unlock()
	if c.server == nil {
		return nil
	}
	err := c.server.Close()
	<-c.served
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
