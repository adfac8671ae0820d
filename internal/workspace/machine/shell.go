package machine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

// Output is what a script left behind.
type Output struct {
	Stdout, Stderr string
	Exit           int
	// Took is how long it ran by the machine's own clock.
	Took time.Duration
}

// How long a script may run by the clock of the computer that simulates it, and how much it may print.
const (
	longest  = 5 * time.Second
	wordiest = 4 << 20
)

// Run runs a script as root, as a shell would that reads it from a file.
func (m *Machine) Run(ctx context.Context, script string) Output {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	s := &session{machine: m, programs: programsByName()}
	stdout, stderr := &limited{stop: cancel}, &limited{stop: cancel}
	code := s.run(ctx, script, syntax.LangPOSIX, nil, streams{nil, stdout, stderr})
	if ctx.Err() != nil {
		code = 137
		_, _ = stderr.buffer.WriteString("Killed\n")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return Output{stdout.String(), stderr.String(), code, s.slept}
}

// session is one script while it runs, with the shells that it starts.
type session struct {
	machine  *Machine
	programs map[string]program

	mu    sync.Mutex
	depth int // of shells started by shells
	slept time.Duration
}

// streams are where a program reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// run parses and runs a script. Words of its own that would start something are all answered by the session.
func (s *session) run(ctx context.Context, script string, lang syntax.LangVariant, args []string, to streams) int {
	file, err := syntax.NewParser(syntax.Variant(lang)).Parse(strings.NewReader(script), "")
	if err != nil {
		_, _ = io.WriteString(to.err, "sh: "+err.Error()+"\n")
		return 2
	}
	runner, err := interp.New(interp.Env(surroundings{}), interp.Dir("/"), interp.StdIO(to.in, to.out, to.err),
		interp.Params(append([]string{"--"}, args...)...),
		interp.CallHandler(s.call), interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc { return s.exec }),
		interp.OpenHandler(s.open), interp.ReadDirHandler2(s.readDir), interp.StatHandler(s.stat), interp.AccessHandler(s.access))
	if err != nil {
		_, _ = io.WriteString(to.err, "sh: "+err.Error()+"\n")
		return 2
	}
	err = runner.Run(ctx, file)
	if code, ok := interp.IsExitStatus(err); ok {
		return int(code)
	}
	if err != nil {
		_, _ = io.WriteString(to.err, "sh: "+err.Error()+"\n")
		return 2
	}
	return 0
}

// surroundings are a script's environment. They name everybody's home, so that nobody is looked up elsewhere, and a
// directory for the interpreter's own files in which nothing can be made.
type surroundings struct{}

var given = []string{"HOME=/root", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR=/dev/null/none", "USER=root",
	"LOGNAME=root", "SHELL=/bin/sh", "LANG=C.UTF-8", "UID=0", "EUID=0", "GID=0", "IFS= \t\n", "PWD=/"}

// Get is part of expand.Environ.
func (surroundings) Get(name string) expand.Variable {
	if user, ok := strings.CutPrefix(name, "HOME "); ok {
		home := "/home/" + user
		if user == "root" {
			home = "/root"
		}
		return expand.Variable{Set: true, Kind: expand.String, Str: home}
	}
	return expand.ListEnviron(given...).Get(name)
}

// Each is part of expand.Environ.
func (surroundings) Each(do func(string, expand.Variable) bool) {
	for name, v := range expand.ListEnviron(given...).Each {
		if name != "TMPDIR" && !do(name, v) {
			return
		}
	}
}

// call looks at every simple command before the interpreter does. What its own words would look up in the computer
// around the simulation is taken away from them.
func (s *session) call(_ context.Context, args []string) ([]string, error) {
	for len(args) > 1 && (args[0] == "command" || args[0] == "builtin") && !strings.HasPrefix(args[1], "-") {
		args = args[1:]
	}
	switch args[0] {
	case "command", "type", "hash":
		return append([]string{lookup}, args...), nil
	case "builtin":
		return []string{"true"}, nil
	case "pwd":
		return []string{"pwd"}, nil
	case ".", "source":
		if len(args) > 1 {
			args = slices.Clone(args)
			args[1] = s.sourced(args[1])
		}
	case "ulimit", "umask", "kill", "times", "enable", "bind", "help", "suspend", "history", "fc", "jobs":
		return []string{"true"}, nil
	}
	return args, nil
}

// sourced is a script's whole path: one with a slash is never searched for.
func (s *session) sourced(name string) string {
	if strings.Contains(name, "/") {
		return name
	}
	return "./" + name
}

// lookup is the command that tells whether there is a command.
const lookup = "/sbin/which-builtin"

// exec runs a command by its name.
func (s *session) exec(ctx context.Context, args []string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	hc := interp.HandlerCtx(ctx)
	in := hc.Stdin
	if f, ok := in.(*os.File); in == nil || ok && f == nil {
		in = bytes.NewReader(nil)
	}
	env := map[string]string{}
	hc.Env.Each(func(name string, v expand.Variable) bool {
		if v.Exported || !v.IsSet() {
			env[name] = v.String()
		}
		return true
	})
	code := s.start(ctx, &process{session: s, machine: s.machine, args: args, dir: hc.Dir, env: env, streams: streams{in, hc.Stdout, hc.Stderr}})
	if code == 0 {
		return nil
	}
	return interp.NewExitStatus(uint8(code)) //nolint:gosec // an exit status has eight bits
}

// process is a command that runs.
type process struct {
	streams
	session *session
	machine *Machine
	args    []string // the command's name first
	dir     string
	env     map[string]string
	ctx     context.Context //nolint:containedctx // a process lives as long as its context
}

// deepest is how many shells may be started by one another.
const deepest = 20

// start finds the command and runs it: 127 when there is none.
func (s *session) start(ctx context.Context, p *process) int {
	p.ctx = ctx
	name := path.Base(p.args[0])
	if p.args[0] == lookup {
		return which(p)
	}
	if do := s.programs[name]; do != nil && s.machine.has(p.args[0]) {
		return do(p)
	}
	if f, real, err := s.machine.find(p.path(p.args[0]), true); err == nil && strings.Contains(p.args[0], "/") && f.Mode.IsRegular() && strings.HasPrefix(f.Content, "#!") {
		if f.Mode&0o111 == 0 {
			return p.fail(126, "sh: %s: Permission denied", p.args[0])
		}
		return p.shell(f.Content, append([]string{real}, p.args[1:]...))
	}
	return p.fail(127, "sh: 1: %s: not found", p.args[0])
}

// has tells whether a command can be called by a name: those in the usual folders, if their package is there.
func (m *Machine) has(name string) bool {
	if dir := path.Dir(name); strings.Contains(name, "/") && !slices.Contains([]string{"/bin", "/sbin", "/usr/bin", "/usr/sbin"}, dir) {
		return false
	}
	name = path.Base(name)
	here := true
	m.with(func() {
		switch name {
		case "dpkg-query", "dpkg", "apt-get", "apt", "nft":
			here = !m.disk.rpm
		case "rpm", "dnf", "yum", "iptables-save", "iptables":
			here = m.disk.rpm
		case "nginx":
			here = m.disk.packages["nginx"].Version != ""
		}
	})
	return here
}

// limited keeps what is printed, and stops who prints too much.
type limited struct {
	mu     sync.Mutex
	buffer bytes.Buffer
	stop   func()
}

var errTooMuch = errors.New("too much output")

// Write is part of io.Writer.
func (l *limited) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.buffer.Len()+len(b) > wordiest {
		l.stop()
		return 0, errTooMuch
	}
	return l.buffer.Write(b)
}

// String is what was printed.
func (l *limited) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.String()
}
