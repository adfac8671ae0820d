package machine

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// unit is a service by its name, with or without its ending.
func unitName(name string) string {
	if strings.Contains(name, ".") {
		return name
	}
	return name + ".service"
}

// systemctl knows what is there, what runs, and how to start, stop, enable and disable it.
func systemctl(p *process) int {
	given, words := p.options("tpn")
	if len(words) == 0 {
		words = []string{"list-units"}
	}
	switch words[0] {
	case "list-unit-files":
		return p.units(given, func(name string, u Unit, _ bool) string { return name + " " + u.state() + " " + preset(u) })
	case "list-units":
		return p.units(given, func(name string, u Unit, active bool) string {
			if !active && given["state"] == "active" || !active && given["all"] == "" && given["state"] == "" {
				return ""
			}
			return name + " loaded " + map[bool]string{true: "active running ", false: "inactive dead "}[active] + cmp.Or(u.About, name)
		})
	case "daemon-reload", "reboot", "reset-failed":
		return 0
	case "is-system-running":
		p.printf("running\n")
		return 0
	}
	code := 0
	for _, name := range words[1:] {
		code = max(code, p.control(words[0], unitName(name), given))
	}
	return code
}

func (u Unit) state() string {
	switch {
	case u.Static:
		return "static"
	case u.Enabled:
		return "enabled"
	}
	return "disabled"
}

func preset(u Unit) string {
	if u.Static {
		return "-"
	}
	return "enabled"
}

// units lists the services, with what line says of each.
func (p *process) units(given map[string]string, line func(string, Unit, bool) string) int {
	if kind := cmp.Or(given["type"], given["t"], "service"); kind != "service" {
		return 0
	}
	var all []string
	p.machine.with(func() {
		for _, name := range slices.Sorted(maps.Keys(p.machine.disk.units)) {
			if text := line(name, p.machine.disk.units[name], p.machine.active[name]); text != "" {
				all = append(all, text)
			}
		}
	})
	p.print(all)
	return 0
}

func (p *process) control(verb, name string, given map[string]string) (code int) {
	var u Unit
	var known, active bool
	p.machine.with(func() { u, known = p.machine.disk.units[name]; active = p.machine.active[name] })
	if !known {
		if verb == "is-active" {
			p.printf("inactive\n")
			return 4
		}
		return p.fail(5, "Unit %s could not be found.", name)
	}
	set := func(running, enabled bool) {
		p.machine.with(func() {
			u.Enabled = enabled
			p.machine.disk.units[name], p.machine.active[name] = u, running
		})
	}
	_, now := given["now"]
	switch verb {
	case "start", "restart", "reload", "reload-or-restart", "try-restart":
		set(true, u.Enabled)
	case "stop", "kill":
		set(false, u.Enabled)
	case "enable":
		set(active || now, true)
	case "disable", "mask":
		set(active && !now, false)
	case "is-active":
		p.printf("%s\n", map[bool]string{true: "active", false: "inactive"}[active])
		return map[bool]int{true: 0, false: 3}[active]
	case "is-enabled":
		p.printf("%s\n", u.state())
		return map[bool]int{true: 0, false: 1}[u.Enabled || u.Static]
	case "status", "show":
		p.printf("%s - %s\n     Active: %s\n", name, cmp.Or(u.About, name), map[bool]string{true: "active (running)", false: "inactive (dead)"}[active])
		return map[bool]int{true: 0, false: 3}[active]
	default:
		return p.fail(1, "Unknown command verb '%s'.", verb)
	}
	return 0
}

// service is the older way to say it.
func service(p *process) int {
	if len(p.args) < 3 {
		return p.fail(1, "Usage: service < option > | [ service_name [ command ] ]")
	}
	return p.control(p.args[2], unitName(p.args[1]), nil)
}

// nft shows the rules, reads them from a file, empties them, or adds one to the first chain.
func nft(p *process) int {
	given, words := p.options("f")
	if name, ok := given["f"]; ok {
		rules, err := p.source(name)
		if err != nil {
			return p.fail(1, "nft: %s: %s", name, reason(err))
		}
		p.machine.with(func() { p.machine.ruleset = rules })
		return 0
	}
	switch sentence := strings.Join(words, " "); {
	case sentence == "list ruleset":
		p.machine.with(func() { sentence = p.machine.ruleset })
		p.printf("%s", sentence)
	case sentence == "flush ruleset":
		p.machine.with(func() { p.machine.ruleset = "" })
	case len(words) > 5 && strings.HasPrefix(sentence, "add rule "):
		rule := "\t\t" + strings.Join(words[5:], " ") + "\n"
		p.machine.with(func() {
			at := strings.Index(p.machine.ruleset, "\t}\n")
			if at >= 0 {
				p.machine.ruleset = p.machine.ruleset[:at] + rule + p.machine.ruleset[at:]
			}
		})
	default:
		return p.fail(1, "Error: syntax error, unexpected %s", sentence)
	}
	return 0
}

func iptablesSave(p *process) int {
	chains := ""
	p.machine.with(func() { chains = p.machine.chains })
	p.printf("%s", chains)
	return 0
}

// iptablesProgram adds a rule with -A, and takes one away with -D.
func iptablesProgram(p *process) int {
	if len(p.args) < 3 {
		return p.fail(2, "iptables: no command specified")
	}
	rule := "-A " + strings.Join(p.args[2:], " ") + "\n"
	code := 0
	p.machine.with(func() {
		m := p.machine
		switch {
		case p.args[1] == "-A":
			m.chains = strings.Replace(m.chains, "COMMIT\n", rule+"COMMIT\n", 1)
		case p.args[1] == "-D" && strings.Contains(m.chains, rule):
			m.chains = strings.Replace(m.chains, rule, "", 1)
		default:
			code = 1
		}
	})
	if code != 0 {
		return p.fail(1, "iptables: Bad rule (does a matching rule exist in that chain?).")
	}
	return 0
}

func nginx(p *process) int {
	given, _ := p.options("scg")
	if _, ok := given["t"]; ok {
		_, err := p.machine.read("/etc/nginx/nginx.conf")
		if err != nil {
			return p.fail(1, "nginx: [emerg] open() \"/etc/nginx/nginx.conf\" failed (2: No such file or directory)")
		}
		return p.fail(0, "nginx: configuration file /etc/nginx/nginx.conf test is successful")
	}
	version, _, _ := strings.Cut(p.pack("nginx").Version, "-")
	return p.fail(0, "nginx version: nginx/%s", version)
}

func uname(p *process) int {
	given, _ := p.options("")
	d := p.machine.Disk()
	var all []string
	for _, one := range []struct{ letter, value string }{{"s", "Linux"}, {"n", p.machine.Host}, {"r", d.Kernel}, {"v", "#1 SMP"}, {"m", d.Arch}, {"o", "GNU/Linux"}} {
		_, ok := given[one.letter]
		_, whole := given["a"]
		if ok || whole || len(given) == 0 && one.letter == "s" {
			all = append(all, one.value)
		}
	}
	p.printf("%s\n", strings.Join(all, " "))
	return 0
}

func hostname(p *process) int {
	given, _ := p.options("")
	name := p.machine.Host
	if _, ok := given["s"]; ok {
		name, _, _ = strings.Cut(name, ".")
	}
	p.printf("%s\n", name)
	return 0
}

func id(p *process) int {
	given, _ := p.options("")
	if _, ok := given["u"]; ok {
		_, name := given["n"]
		p.printf("%s\n", map[bool]string{true: "root", false: "0"}[name])
		return 0
	}
	p.printf("uid=0(root) gid=0(root) groups=0(root)\n")
	return 0
}

func whoami(p *process) int {
	p.printf("root\n")
	return 0
}

// date prints the machine's time, by a format or without one.
func date(p *process) int {
	now := p.machine.Now().UTC()
	for _, arg := range p.args[1:] {
		if format, ok := strings.CutPrefix(arg, "+"); ok {
			p.printf("%s\n", strings.NewReplacer("%Y", now.Format("2006"), "%m", now.Format("01"), "%d", now.Format("02"), "%H", now.Format("15"), "%M", now.Format("04"),
				"%S", now.Format("05"), "%s", strconv.FormatInt(now.Unix(), 10), "%F", now.Format("2006-01-02"), "%T", now.Format("15:04:05"), "%Z", "UTC", "%z", "+0000").Replace(format))
			return 0
		}
	}
	p.printf("%s\n", now.Format("Mon Jan _2 15:04:05 UTC 2006"))
	return 0
}

func nproc(p *process) int {
	p.printf("2\n")
	return 0
}

func df(p *process) int {
	used := 0
	p.machine.with(func() {
		for _, f := range p.machine.disk.files {
			used += len(f.Content)
		}
	})
	p.printf("Filesystem     1K-blocks    Used Available Use%% Mounted on\n/dev/root        8123812 %7d   5900000  28%% /\n", 2_200_000+used/1024)
	return 0
}

func free(p *process) int {
	p.printf("               total        used        free\nMem:         7938144     1120400     6817744\n")
	return 0
}

func uptime(p *process) int {
	up := p.machine.Now().Sub(p.machine.started).Round(time.Minute)
	p.printf(" %s up %s,  0 users,  load average: 0.08, 0.03, 0.01\n", p.machine.Now().UTC().Format("15:04:05"), up)
	return 0
}

func ps(p *process) int {
	p.printf("    PID COMMAND\n      1 systemd\n")
	n := 400
	p.machine.with(func() {
		for _, name := range slices.Sorted(maps.Keys(p.machine.active)) {
			if p.machine.active[name] {
				n++
				p.printf("%7d %s\n", n, strings.TrimSuffix(name, ".service"))
			}
		}
	})
	return 0
}

// sleep lets the machine's time pass, and nobody wait.
func sleep(p *process) int {
	for _, arg := range p.args[1:] {
		unit := time.Second
		switch {
		case strings.HasSuffix(arg, "m"):
			unit = time.Minute
		case strings.HasSuffix(arg, "h"):
			unit = time.Hour
		}
		n, err := strconv.ParseFloat(strings.TrimRight(arg, "smh"), 64)
		if err != nil || n < 0 {
			return p.fail(1, "sleep: invalid time interval '%s'", arg)
		}
		p.session.mu.Lock()
		p.session.slept += time.Duration(n * float64(unit))
		p.session.mu.Unlock()
	}
	return 0
}

func syncProgram(p *process) int {
	p.machine.sync()
	return 0
}

// curl reaches nothing but what answers on the machine itself.
func curl(p *process) int {
	given, words := p.options("omwHXAe")
	if len(words) == 0 {
		return p.fail(2, "curl: no URL specified!")
	}
	target := words[0]
	if !strings.Contains(target, "://") {
		target = "http://" + target
	}
	at, err := url.Parse(target)
	if err != nil {
		return p.fail(3, "curl: (3) URL rejected")
	}
	if host := at.Hostname(); host != "localhost" && host != "127.0.0.1" && host != p.machine.Host {
		return p.fail(6, "curl: (6) Could not resolve host: %s", host)
	}
	port, _ := strconv.Atoi(cmp.Or(at.Port(), "80"))
	body, status := p.machine.answer(port, at.Path)
	if status == 0 {
		return p.fail(7, "curl: (7) Failed to connect to %s port %d: Connection refused", at.Hostname(), port)
	}
	if _, ok := given["f"]; ok && status >= 400 {
		return p.fail(22, "curl: (22) The requested URL returned error: %d", status)
	}
	switch file := given["o"]; {
	case file == "":
		p.printf("%s", body)
	case file != "/dev/null":
		_ = p.machine.write(p.path(file), func(f File) File { f.Content = body; return f })
	}
	if format, ok := given["w"]; ok {
		p.printf("%s", strings.NewReplacer("%{http_code}", strconv.Itoa(status), `\n`, "\n").Replace(format))
	}
	return 0
}

// answer is what a service on a port says to a request: nothing when none listens.
func (m *Machine) answer(port int, name string) (body string, status int) {
	listening := false
	m.with(func() {
		for unit, u := range m.disk.units {
			listening = listening || u.Port == port && port > 0 && m.active[unit]
		}
	})
	if !listening {
		return "", 0
	}
	if name == "" || strings.HasSuffix(name, "/") {
		name += "/index.html"
	}
	for _, file := range []string{"/var/www/html" + name} {
		if body, err := m.read(file); err == nil {
			return body, 200
		}
	}
	if name == "/health" || port != 80 && strings.HasSuffix(name, "/index.html") {
		return "ok\n", 200
	}
	return "not found\n", 404
}
