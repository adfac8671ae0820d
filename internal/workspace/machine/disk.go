package machine

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// Disk is what a machine keeps when it is off, and what an image holds.
type Disk struct {
	// Name and Version are those of the operating system, such as Ubuntu and 24.04.
	Name, Version string
	// Kernel is what uname -r prints, Arch what uname -m prints.
	Kernel, Arch string

	rpm        bool // packages are RPMs
	files      map[string]File
	packages   map[string]Package
	units      map[string]Unit
	repository map[string][]string // versions of packages to install, oldest first
}

// File is a file, a directory or a link of a disk. Files are values: a change puts another in their place.
type File struct {
	Content      string
	Mode         fs.FileMode // permissions, and whether it is a directory or a link
	Owner, Group string
	Target       string // of a link
	Changed      time.Time
}

// Package is an installed package.
type Package struct{ Version, Arch string }

// Unit is a service of the system.
type Unit struct {
	// Enabled services start with the machine; Static ones cannot be enabled.
	Enabled, Static bool
	// Port is where it answers HTTP, if it does.
	Port  int
	About string
}

// Clone returns a disk that shares nothing that changes.
func (d *Disk) Clone() *Disk {
	twin := *d
	twin.files, twin.packages, twin.units = maps.Clone(d.files), maps.Clone(d.packages), maps.Clone(d.units)
	return &twin
}

// Write puts a file onto the disk, of root unless it says otherwise, and makes the directories above it.
func (d *Disk) Write(name, content string, mode fs.FileMode) {
	d.put(name, File{Content: content, Mode: mode, Owner: "root", Group: "root"})
}

// Own gives a file to somebody.
func (d *Disk) Own(name, owner, group string) {
	f := d.files[name]
	f.Owner, f.Group = owner, group
	d.files[name] = f
}

// Link puts a link onto the disk.
func (d *Disk) Link(name, target string) {
	d.put(name, File{Mode: fs.ModeSymlink | 0o777, Owner: "root", Group: "root", Target: target})
}

func (d *Disk) put(name string, f File) {
	name = path.Clean(name)
	d.files[name] = f
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		if _, ok := d.files[dir]; !ok {
			d.files[dir] = File{Mode: fs.ModeDir | 0o755, Owner: "root", Group: "root", Changed: f.Changed}
		}
		if dir == "/" {
			return
		}
	}
}

// Install puts a package onto the disk.
func (d *Disk) Install(name, version string) {
	d.packages[name] = Package{version, d.packageArch()}
	if program, ok := programs[name]; ok {
		d.Write(program, name+" "+version+"\n", 0o755)
	}
}

// Serve adds a service.
func (d *Disk) Serve(name string, u Unit) { d.units[name+".service"] = u }

// Offer says which versions of a package can be installed, oldest first.
func (d *Disk) Offer(name string, versions ...string) { d.repository[name] = versions }

// Content returns what a file holds, and whether there is one.
func (d *Disk) Content(name string) (string, bool) {
	f, ok := d.files[path.Clean(name)]
	return f.Content, ok
}

// Package returns an installed package's version, and nothing when it is not installed.
func (d *Disk) Package(name string) string { return d.packages[name].Version }

func (d *Disk) packageArch() string {
	if d.rpm {
		return d.Arch
	}
	return map[string]string{"x86_64": "amd64", "aarch64": "arm64"}[d.Arch]
}

// within lists what is in a directory, by name.
func (d *Disk) within(dir string) []string {
	prefix := strings.TrimSuffix(dir, "/") + "/"
	var names []string
	for name := range d.files {
		if rest, ok := strings.CutPrefix(name, prefix); ok && rest != "" && !strings.Contains(rest, "/") {
			names = append(names, rest)
		}
	}
	slices.Sort(names)
	return names
}

// programs are the files that packages bring, as far as a script may look at them.
var programs = map[string]string{
	"nginx": "/usr/sbin/nginx", "openssl": "/usr/bin/openssl", "curl": "/usr/bin/curl", "openssh-server": "/usr/sbin/sshd",
	"redis": "/usr/bin/redis-server", "python3": "/usr/bin/python3", "amazon-ssm-agent": "/usr/bin/amazon-ssm-agent",
}
