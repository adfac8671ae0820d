package slacksim

import (
	"errors"
	"fmt"
	"math/rand"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Workspace is one running Slack workspace. All its methods may be used from
// any goroutine.
type Workspace struct {
	opt     Options
	journal *journal
	faults  *Faults

	mu       sync.Mutex
	rng      *rand.Rand
	lastTS   int64
	version  int
	base     string
	closed   bool
	quit     chan struct{}
	running  sync.WaitGroup
	server   *http.Server
	timers   map[int]func()
	timerSeq int

	users    []*User
	channels []*Channel
	groups   []*Group
	messages map[string][]*Message // by channel, in order of time
	whispers map[string][]*Message // ephemeral messages by channel
	chosen   map[string]Object     // state of the selects and inputs of messages
	notices  map[string][]string   // what Slack told a person about failures

	stacks    map[string][]*View // open modals by person, root first
	homes     map[string]*View
	triggers  map[string]*trigger
	responses map[string]*responseURL
	uploads   map[string]*upload
	scheduled map[string]func()
	buckets   map[string]*bucket
	revoked   bool
	outage    Outage

	sockets      []*socket
	socketSeq    int
	turn         int
	linkDisabled bool
	tickets      map[string]*ticket
	pending      map[string]*envelope
	settled      map[string]string // how finished envelopes ended

	watchers map[*watcher]struct{}
}

// New returns a workspace; it listens once Start is called, or is served
// through Handler. It reports every problem of the options at once.
func New(opt Options) (*Workspace, error) {
	opt.fill()
	if err := opt.validate(); err != nil {
		return nil, fmt.Errorf("workspace options: %w", err)
	}
	w := &Workspace{
		opt:       opt,
		faults:    &Faults{},
		rng:       rand.New(rand.NewSource(opt.Seed)),
		quit:      make(chan struct{}),
		timers:    map[int]func(){},
		messages:  map[string][]*Message{},
		whispers:  map[string][]*Message{},
		chosen:    map[string]Object{},
		notices:   map[string][]string{},
		stacks:    map[string][]*View{},
		homes:     map[string]*View{},
		triggers:  map[string]*trigger{},
		responses: map[string]*responseURL{},
		uploads:   map[string]*upload{},
		scheduled: map[string]func(){},
		buckets:   map[string]*bucket{},
		tickets:   map[string]*ticket{},
		pending:   map[string]*envelope{},
		settled:   map[string]string{},
		watchers:  map[*watcher]struct{}{},
	}
	w.journal = &journal{now: opt.Now, size: opt.JournalSize, secrets: []string{opt.App.BotToken, opt.App.AppToken}}
	if err := w.seed(); err != nil {
		return nil, fmt.Errorf("workspace options: %w", err)
	}
	return w, nil
}

// Start listens on Options.Addr and serves until Close.
func (w *Workspace) Start() error {
	l, err := net.Listen("tcp", w.opt.Addr)
	if err != nil {
		return fmt.Errorf("listen for the workspace: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.base = "http://" + l.Addr().String()
	w.server = &http.Server{Handler: w.Handler(), ReadHeaderTimeout: 10 * time.Second}
	w.running.Go(func() { _ = w.server.Serve(l) })
	return nil
}

// Close ends every connection and waits until nothing of the workspace runs.
func (w *Workspace) Close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	close(w.quit)
	for _, stop := range w.timers {
		stop()
	}
	for _, e := range w.pending {
		w.settle(e, lost, nil)
	}
	for _, s := range w.sockets {
		s.cut()
	}
	server := w.server
	w.mu.Unlock()
	var err error
	if server != nil {
		err = server.Close()
	}
	w.running.Wait()
	return err
}

// URL is the workspace's base address, such as "http://127.0.0.1:4000"; the
// Web API is at URL()+"/api/".
func (w *Workspace) URL() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.base
}

// Team returns the workspace's identity.
func (w *Workspace) Team() Team { return w.opt.Team }

// App returns the installed app, defaults filled in.
func (w *Workspace) App() App { return w.opt.App }

// now is the workspace's time.
func (w *Workspace) now() time.Time { return w.opt.Now() }

// after runs f under the lock after d of the workspace's time, unless the
// workspace is closed first. The lock must be held.
func (w *Workspace) after(timer AfterFunc, d time.Duration, f func()) (stop func()) {
	if d <= 0 {
		timer = realAfter // never at once: the lock is held
	}
	w.timerSeq++
	id := w.timerSeq
	off := timer(d, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if _, on := w.timers[id]; !on || w.closed {
			return
		}
		delete(w.timers, id)
		f()
	})
	w.timers[id] = off
	return func() {
		delete(w.timers, id)
		off()
	}
}

// newTS returns the next message time: unique and increasing.
func (w *Workspace) newTS() string {
	micro := max(w.now().UnixMicro(), w.lastTS+1)
	w.lastTS = micro
	return fmt.Sprintf("%d.%06d", micro/1e6, micro%1e6)
}

const idLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// newID returns a fresh id such as C04XK2… with the given prefix.
func (w *Workspace) newID(prefix string) string {
	b := []byte(prefix + "0")
	for range 9 {
		b = append(b, idLetters[w.rng.Intn(len(idLetters))])
	}
	return string(b)
}

// newHex returns n random bytes in hexadecimal.
func (w *Workspace) newHex(n int) string {
	b := make([]byte, n)
	w.rng.Read(b)
	return fmt.Sprintf("%x", b)
}

// newUUID returns an envelope id.
func (w *Workspace) newUUID() string {
	h := w.newHex(16)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}

func (w *Workspace) seed() error {
	var errs []error
	for _, u := range w.opt.Users {
		errs = append(errs, w.addUser(u))
	}
	if w.user(w.opt.App.BotUserID) == nil {
		errs = append(errs, w.addUser(User{ID: w.opt.App.BotUserID, Name: w.opt.App.BotName, RealName: w.opt.App.Name, IsBot: true}))
	}
	for _, c := range w.opt.Channels {
		errs = append(errs, w.addChannel(c))
	}
	for _, g := range w.opt.Groups {
		errs = append(errs, w.addGroup(g))
	}
	return errors.Join(errs...)
}

func (w *Workspace) addUser(u User) error {
	if u.Name == "" {
		return fmt.Errorf("user %q has no name", u.ID)
	}
	if w.userNamed(u.Name) != nil || (u.ID != "" && w.user(u.ID) != nil) {
		return fmt.Errorf("user %q is there twice", u.Name)
	}
	if u.ID == "" {
		u.ID = w.newID("U")
	}
	or(&u.TeamID, w.opt.Team.ID)
	or(&u.RealName, u.Name)
	or(&u.Color, "4a9079")
	or(&u.Initials, strings.ToUpper(u.RealName[:1]))
	if u.Email == "" && !u.IsBot {
		u.Email = u.Name + "@" + w.opt.Team.Domain + ".example"
	}
	w.users = append(w.users, &u)
	return nil
}

func (w *Workspace) addChannel(c Channel) error {
	c.Name = strings.TrimPrefix(c.Name, "#")
	if c.ID == "" {
		c.ID = w.newID("C")
	}
	if c.Name == "" || w.channel(c.ID) != nil || w.channelNamed(c.Name) != nil {
		return fmt.Errorf("channel %q has no name or is there twice", c.Name)
	}
	members, err := w.userIDs(c.Members)
	if err != nil {
		return fmt.Errorf("channel %q: %w", c.Name, err)
	}
	c.Members, c.Created, c.pins = members, w.now().Unix(), map[string]bool{}
	w.channels = append(w.channels, &c)
	return nil
}

func (w *Workspace) addGroup(g Group) error {
	g.Handle = strings.TrimPrefix(g.Handle, "@")
	if g.ID == "" {
		g.ID = w.newID("S")
	}
	or(&g.Name, g.Handle)
	users, err := w.userIDs(g.Users)
	if err != nil {
		return fmt.Errorf("group %q: %w", g.Handle, err)
	}
	g.Users = users
	w.groups = append(w.groups, &g)
	return nil
}

// userIDs turns ids and names into ids.
func (w *Workspace) userIDs(names []string) ([]string, error) {
	var ids []string
	for _, n := range names {
		u := w.findUser(n)
		if u == nil {
			return nil, fmt.Errorf("there is no user %q", n)
		}
		if !slices.Contains(ids, u.ID) {
			ids = append(ids, u.ID)
		}
	}
	return ids, nil
}
