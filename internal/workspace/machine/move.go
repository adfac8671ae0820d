package machine

import (
	"io/fs"
	"path"
	"strconv"
	"strings"
)

func readlink(p *process) int {
	given, names := p.options("")
	_, whole := given["f"]
	return p.each(names, func(name string) error {
		f, real, err := p.machine.find(p.path(name), whole || p.name() == "realpath")
		switch {
		case err != nil:
			return err
		case whole, p.name() == "realpath":
			p.printf("%s\n", real)
		case f.Mode&fs.ModeSymlink == 0:
			return failed("readlink", name, fs.ErrInvalid)
		default:
			p.printf("%s\n", f.Target)
		}
		return nil
	})
}

func mkdir(p *process) int {
	given, names := p.options("m")
	_, parents := given["p"]
	return p.each(names, func(name string) error {
		full := p.path(name)
		if parents {
			p.machine.with(func() {
				if _, ok := p.machine.disk.files[p.machine.resolve(full, true)]; !ok {
					p.machine.disk.put(p.machine.resolve(full, true), folder())
				}
			})
			return nil
		}
		return p.machine.add(full, folder())
	})
}

func folder() File { return File{Mode: fs.ModeDir | 0o755, Owner: "root", Group: "root"} }

func touch(p *process) int {
	_, names := p.options("dtr")
	return p.each(names, func(name string) error {
		return p.machine.write(p.path(name), func(f File) File { return f })
	})
}

func rm(p *process) int {
	given, names := p.options("")
	_, all := given["r"]
	_, also := given["R"]
	_, forced := given["f"]
	if forced && len(names) == 0 {
		return 0
	}
	return p.each(names, func(name string) error {
		if p.name() == "rmdir" {
			if inner, err := p.machine.list(p.path(name)); err != nil || len(inner) > 0 {
				return failed("rmdir", name, errNotEmpty)
			}
			all = true
		}
		err := p.machine.remove(p.path(name), all || also)
		if forced {
			if _, _, missing := p.machine.find(p.path(name), false); missing != nil {
				return nil
			}
		}
		return err
	})
}

// landing is where a copy goes: into a directory under its own name, or to the name that is given.
func (p *process) landing(source, target string) string {
	full := p.path(target)
	if f, _, err := p.machine.find(full, true); err == nil && f.Mode.IsDir() {
		return path.Join(full, path.Base(source))
	}
	return full
}

func cp(p *process) int {
	given, names := p.options("mog")
	if len(names) < 2 {
		return p.fail(1, "%s: missing file operand", p.name())
	}
	target := names[len(names)-1]
	_, keep := given["p"]
	_, archive := given["a"]
	return p.each(names[:len(names)-1], func(name string) error {
		f, _, err := p.machine.find(p.path(name), true)
		if err != nil {
			return err
		}
		if f.Mode.IsDir() {
			return p.copyTree(p.path(name), p.landing(name, target))
		}
		return p.machine.write(p.landing(name, target), func(was File) File {
			if keep || archive || was.Owner == "" {
				return f
			}
			was.Content, was.Mode = f.Content, f.Mode
			if mode, err := strconv.ParseUint(given["m"], 8, 12); err == nil {
				was.Mode = fs.FileMode(mode)
			}
			return was
		})
	})
}

func (p *process) copyTree(from, to string) error {
	p.machine.with(func() {
		for name, f := range p.machine.disk.Clone().files {
			if rest, ok := strings.CutPrefix(name, from); ok && (rest == "" || rest[0] == '/') {
				p.machine.disk.put(to+rest, f)
			}
		}
	})
	return nil
}

func mv(p *process) int {
	_, names := p.options("")
	if len(names) < 2 {
		return p.fail(1, "mv: missing file operand")
	}
	target := names[len(names)-1]
	return p.each(names[:len(names)-1], func(name string) error {
		f, _, err := p.machine.find(p.path(name), false)
		if err != nil {
			return err
		}
		to := p.landing(name, target)
		if f.Mode.IsDir() {
			err = p.copyTree(p.path(name), to)
		} else {
			err = p.machine.write(to, func(File) File { return f })
		}
		if err != nil || to == p.path(name) {
			return err
		}
		return p.machine.remove(p.path(name), true)
	})
}

func ln(p *process) int {
	given, names := p.options("")
	if len(names) != 2 {
		return p.fail(1, "ln: missing file operand")
	}
	to := p.landing(names[0], names[1])
	if _, ok := given["f"]; ok {
		_ = p.machine.remove(to, false)
	}
	if _, ok := given["s"]; ok {
		return p.each(names[:1], func(string) error {
			return p.machine.add(to, File{Mode: fs.ModeSymlink | 0o777, Owner: "root", Group: "root", Target: names[0]})
		})
	}
	return p.each(names[:1], func(string) error {
		f, _, err := p.machine.find(p.path(names[0]), true)
		if err != nil {
			return err
		}
		return p.machine.add(to, f)
	})
}
