package machine

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Machine is a server that is on.
type Machine struct {
	// Host is its name in the network.
	Host string
	// Now is the time it lives in; time.Now when nil.
	Now func() time.Time

	mu      sync.Mutex
	disk    *Disk
	active  map[string]bool // services that run
	ruleset string          // of nftables
	chains  string          // of iptables
	started time.Time
	dirty   []unsynced
}

// unsynced is what was in a place before a write that may not have reached the disk yet.
type unsynced struct {
	name string
	was  File
	had  bool
	at   time.Time
}

// New starts a machine from a disk, of which it keeps a copy.
func New(host string, disk *Disk, now func() time.Time) *Machine {
	if now == nil {
		now = time.Now
	}
	m := &Machine{Host: host, Now: now, disk: disk.Clone()}
	m.boot()
	return m
}

// boot starts what is enabled, and loads the firewall.
func (m *Machine) boot() {
	m.active, m.dirty, m.started = map[string]bool{}, nil, m.Now()
	for name, u := range m.disk.units {
		m.active[name] = u.Enabled || u.Static
	}
	m.ruleset, m.chains = m.disk.files["/etc/nftables.conf"].Content, m.disk.files["/etc/sysconfig/iptables"].Content
	m.disk.Write("/etc/hostname", m.Host+"\n", 0o644)
	for name := range m.disk.files {
		if strings.HasPrefix(name, "/tmp/") || strings.HasPrefix(name, "/run/") {
			delete(m.disk.files, name)
		}
	}
}

// Reboot writes everything to the disk and starts anew.
func (m *Machine) Reboot() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.boot()
}

// Replace gives the machine another root disk, with which it starts anew. What lies under /data, on a disk of its own,
// stays.
func (m *Machine) Replace(root *Disk) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := map[string]File{}
	for name, f := range m.disk.files {
		if strings.HasPrefix(name, "/data/") {
			kept[name] = f
		}
	}
	m.disk = root.Clone()
	maps.Copy(m.disk.files, kept)
	m.boot()
}

// flush is how long a write may take to reach the disk by itself.
const flush = 5 * time.Second

// Image returns a copy of the disk. One that is taken while the machine runs on lacks what was written in the last
// seconds and never synced; one that the machine stopped for is whole.
func (m *Machine) Image(whole bool) *Disk {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.disk.Clone()
	if whole {
		return d
	}
	for n := len(m.dirty) - 1; n >= 0; n-- {
		w := m.dirty[n]
		if m.Now().Sub(w.at) >= flush {
			continue
		}
		if w.had {
			d.files[w.name] = w.was
		} else {
			delete(d.files, w.name)
		}
	}
	return d
}

// Disk returns a copy of the disk as the machine itself sees it.
func (m *Machine) Disk() *Disk { return m.Image(true) }

func (m *Machine) sync() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dirty = nil
}

// links is how many links a path may go through.
const links = 10

// resolve follows the links of a path; the last one only if that is wanted. The lock is held.
func (m *Machine) resolve(name string, last bool) string {
	name = path.Clean("/" + name)
	for range links {
		next, moved := "", false
		parts := strings.Split(strings.TrimPrefix(name, "/"), "/")
		for n, part := range parts {
			at := next + "/" + part
			f, ok := m.disk.files[at]
			if ok && f.Mode&fs.ModeSymlink != 0 && (last || n < len(parts)-1) {
				target := f.Target
				if !path.IsAbs(target) {
					target = path.Join(next+"/", target)
				}
				next, moved = path.Join(target, path.Join(parts[n+1:]...)), true
				break
			}
			next = at
		}
		if !moved {
			return path.Clean(name)
		}
		name = path.Clean(next)
	}
	return name
}

func failed(op, name string, why error) error { return &fs.PathError{Op: op, Path: name, Err: why} }

// find returns a file, and the name that it has when links are followed.
func (m *Machine) find(name string, follow bool) (File, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	real := m.resolve(name, follow)
	if f, ok := m.disk.files[real]; ok {
		return f, real, nil
	}
	if real == "/dev/null" {
		return File{Mode: fs.ModeDevice | fs.ModeCharDevice | 0o666, Owner: "root", Group: "root"}, real, nil
	}
	return File{}, real, failed("open", name, syscall.ENOENT)
}

// read returns what a file holds.
func (m *Machine) read(name string) (string, error) {
	f, _, err := m.find(name, true)
	if err == nil && f.Mode.IsDir() {
		err = failed("read", name, syscall.EISDIR)
	}
	return f.Content, err
}

// fullest is how much all the files of a disk may hold together.
const fullest = 32 << 20

// write changes what a file holds, or makes the file. Its directory must be there.
func (m *Machine) write(name string, change func(File) File) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	real := m.resolve(name, true)
	if real == "/dev/null" {
		return nil
	}
	was, had := m.disk.files[real]
	dir, ok := m.disk.files[path.Dir(real)]
	switch {
	case !ok:
		return failed("open", name, syscall.ENOENT)
	case !dir.Mode.IsDir():
		return failed("open", name, syscall.ENOTDIR)
	case had && was.Mode.IsDir():
		return failed("open", name, syscall.EISDIR)
	}
	now := was
	if !had {
		now = File{Mode: 0o644, Owner: "root", Group: "root"}
	}
	now = change(now)
	if len(now.Content) > fullest {
		return failed("write", name, syscall.ENOSPC)
	}
	now.Changed = m.Now()
	m.dirty = append(m.dirty, unsynced{real, was, had, now.Changed})
	m.disk.files[real] = now
	return nil
}

// mark changes who may do what with a file.
func (m *Machine) mark(name string, change func(File) File) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	real := m.resolve(name, true)
	f, ok := m.disk.files[real]
	if !ok {
		return failed("chmod", name, syscall.ENOENT)
	}
	m.dirty = append(m.dirty, unsynced{real, f, true, m.Now()})
	m.disk.files[real] = change(f)
	return nil
}

// add makes a directory or a link.
func (m *Machine) add(name string, f File) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	real := m.resolve(name, false)
	if _, ok := m.disk.files[real]; ok {
		return failed("create", name, syscall.EEXIST)
	}
	if dir, ok := m.disk.files[path.Dir(real)]; !ok || !dir.Mode.IsDir() {
		return failed("create", name, syscall.ENOENT)
	}
	f.Changed = m.Now()
	m.dirty = append(m.dirty, unsynced{real, File{}, false, f.Changed})
	m.disk.files[real] = f
	return nil
}

var errNotEmpty = errors.New("directory not empty")

// remove takes a file away, or a directory with all that is in it.
func (m *Machine) remove(name string, all bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	real := m.resolve(name, false)
	f, ok := m.disk.files[real]
	if !ok {
		return failed("remove", name, syscall.ENOENT)
	}
	if f.Mode.IsDir() && !all {
		return failed("remove", name, errNotEmpty)
	}
	for inner, was := range m.disk.files {
		if inner == real || strings.HasPrefix(inner, strings.TrimSuffix(real, "/")+"/") && f.Mode.IsDir() {
			m.dirty = append(m.dirty, unsynced{inner, was, true, m.Now()})
			delete(m.disk.files, inner)
		}
	}
	return nil
}

// list returns the names in a directory.
func (m *Machine) list(name string) ([]string, error) {
	f, real, err := m.find(name, true)
	switch {
	case err != nil:
		return nil, err
	case !f.Mode.IsDir():
		return nil, failed("readdir", name, syscall.ENOTDIR)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.disk.within(real), nil
}

// with looks at the machine's state, or changes it.
func (m *Machine) with(do func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	do()
}
