package machine

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// installed lists the names of the packages, those named or all, and those that are not installed.
func (p *process) installed(names []string) (found, missing []string) {
	p.machine.with(func() {
		all := slices.Sorted(maps.Keys(p.machine.disk.packages))
		if len(names) == 0 {
			found = all
		}
		for _, name := range names {
			n := len(found)
			for _, one := range all {
				if ok, _ := path.Match(name, one); ok {
					found = append(found, one)
				}
			}
			if len(found) == n {
				missing = append(missing, name)
			}
		}
	})
	return found, missing
}

func (p *process) pack(name string) (found Package) {
	p.machine.with(func() { found = p.machine.disk.packages[name] })
	return found
}

// dpkgQuery knows -W with a format, and -l.
func dpkgQuery(p *process) int {
	given, names := p.options("f")
	if _, list := given["l"]; list {
		return dpkg(p)
	}
	format, ok := given["f"]
	if !ok {
		format, ok = given["showformat"]
	}
	if !ok {
		format = `${Package}\t${Version}\n`
	}
	found, missing := p.installed(names)
	for _, name := range found {
		pack := p.pack(name)
		p.printf("%s", strings.NewReplacer("${Package}", name, "${binary:Package}", name, "${Version}", pack.Version, "${Architecture}", pack.Arch,
			"${db:Status-Abbrev}", "ii ", "${Status}", "install ok installed", "${db:Status-Status}", "installed", `\n`, "\n", `\t`, "\t").Replace(format))
	}
	for _, name := range missing {
		p.fail(1, "dpkg-query: no packages found matching %s", name)
	}
	return min(len(missing), 1)
}

func dpkg(p *process) int {
	_, names := p.options("")
	found, missing := p.installed(names)
	for _, name := range found {
		pack := p.pack(name)
		p.printf("ii  %-24s %-28s %s\n", name, pack.Version, pack.Arch)
	}
	for _, name := range missing {
		p.fail(1, "dpkg-query: no packages found matching %s", name)
	}
	return min(len(missing), 1)
}

// rpm knows -q and -qa, with a format.
func rpm(p *process) int {
	format, names := "%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}\n", []string{}
	args := p.args[1:]
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch value, given := strings.CutPrefix(arg, "--queryformat="); {
		case given:
			format = value
		case (arg == "--qf" || arg == "--queryformat") && len(args) > 0:
			format, args = args[0], args[1:]
		case !strings.HasPrefix(arg, "-"):
			names = append(names, arg)
		}
	}
	found, missing := p.installed(names)
	for _, name := range found {
		version, release, _ := strings.Cut(p.pack(name).Version, "-")
		p.printf("%s", strings.NewReplacer("%|EPOCH?{%{EPOCH}:}|", "", "%{NAME}", name, "%{VERSION}", version, "%{RELEASE}", release, "%{ARCH}",
			p.pack(name).Arch, "%{EPOCH}", "(none)", `\n`, "\n", `\t`, "\t").Replace(format))
	}
	for _, name := range missing {
		p.printf("package %s is not installed\n", name)
	}
	return min(len(missing), 1)
}

// apt knows update, install, upgrade and remove.
func apt(p *process) int {
	given, words := p.options("oqt")
	_, simulated := given["s"]
	if len(words) == 0 {
		return p.fail(100, "E: Invalid operation")
	}
	switch words[0] {
	case "update":
		p.printf("Reading package lists...\n")
	case "install":
		_, only := given["only-upgrade"]
		return p.install(words[1:], "=", only, simulated)
	case "upgrade", "dist-upgrade", "full-upgrade":
		return p.upgrade(simulated)
	case "remove", "purge":
		return p.uninstall(words[1:])
	case "clean", "autoremove", "autoclean":
	default:
		return p.fail(100, "E: Invalid operation %s", words[0])
	}
	return 0
}

// dnf knows install, upgrade, update and remove.
func dnf(p *process) int {
	_, words := p.options("")
	if len(words) == 0 {
		return p.fail(1, "dnf: missing command")
	}
	switch words[0] {
	case "install":
		return p.install(words[1:], "-", false, false)
	case "upgrade", "update":
		if len(words) > 1 {
			return p.install(words[1:], "-", true, false)
		}
		return p.upgrade(false)
	case "remove", "erase":
		return p.uninstall(words[1:])
	case "clean", "makecache":
		return 0
	}
	return p.fail(1, "No such command: %s.", words[0])
}

// chosen is a package to install, and the version of it.
type chosen struct{ name, version string }

// choose finds the version that a word such as nginx=1.26.2 asks for; nothing when there is none.
func (p *process) choose(word, mark string) (one chosen) {
	name, version, exact := strings.Cut(word, mark)
	p.machine.with(func() {
		if _, known := p.machine.disk.repository[word]; known {
			name, exact = word, false
		}
		have := p.machine.disk.repository[name]
		if now := p.machine.disk.packages[name].Version; now != "" && !slices.Contains(have, now) {
			have = append([]string{now}, have...)
		}
		for _, offer := range have {
			if !exact || offer == version || strings.HasPrefix(offer, version+"-") {
				one = chosen{name, offer}
			}
		}
	})
	return one
}

func (p *process) install(words []string, mark string, upgrade, simulated bool) int {
	var all []chosen
	for _, word := range words {
		one := p.choose(word, mark)
		name, version, exact := strings.Cut(word, mark)
		switch {
		case one.name == "" && exact && p.choose(name, mark).name != "":
			return p.fail(100, "E: Version '%s' for '%s' was not found", version, name)
		case one.name == "":
			return p.fail(100, "E: Unable to locate package %s", name)
		case upgrade && p.pack(one.name).Version == "":
			continue
		}
		all = append(all, one)
	}
	return p.unpack(all, simulated)
}

func (p *process) upgrade(simulated bool) int {
	var all []chosen
	names, _ := p.installed(nil)
	for _, name := range names {
		if one := p.choose(name, "="); one.name != "" {
			all = append(all, one)
		}
	}
	return p.unpack(all, simulated)
}

// unpack installs what is not there in that version, and starts its service anew. Package managers sync what they
// write.
func (p *process) unpack(all []chosen, simulated bool) int {
	p.printf("Reading package lists...\nBuilding dependency tree...\n")
	changed := 0
	for _, one := range all {
		was := p.pack(one.name).Version
		if was == one.version {
			p.printf("%s is already the newest version (%s).\n", one.name, one.version)
			continue
		}
		changed++
		p.printf("Setting up %s (%s) ...\n", one.name, one.version)
		if simulated {
			continue
		}
		p.machine.with(func() { p.machine.unpacked(one) })
	}
	p.printf("%d newly installed or upgraded.\n", changed)
	p.machine.sync()
	return 0
}

// unpacked puts a package onto the disk, with its service where it has one. The lock is held.
func (m *Machine) unpacked(one chosen) {
	m.disk.Install(one.name, one.version)
	if _, known := m.disk.units[one.name+".service"]; !known && one.name == "nginx" {
		m.disk.WebServer(one.version, "default")
	}
	if u, ok := m.disk.units[one.name+".service"]; ok && u.Enabled {
		m.active[one.name+".service"] = true
	}
}

func (p *process) uninstall(names []string) int {
	for _, name := range names {
		p.machine.with(func() {
			delete(p.machine.disk.packages, name)
			delete(p.machine.disk.files, programs[name])
			delete(p.machine.disk.units, name+".service")
			delete(p.machine.active, name+".service")
		})
		p.printf("Removing %s ...\n", name)
	}
	p.machine.sync()
	return 0
}
