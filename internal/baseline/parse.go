package baseline

import (
	"bufio"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/amiral-ops/amiral/internal/fault"
)

// What a machine may tell, at the most: nothing that came over the wire fills our memory.
const (
	mostBytes = 8 << 20
	mostLines = 50000
)

func decimal(n int) string { return strconv.Itoa(n) }

// Parse reads what the script for a part printed. What it says of other parts is in the manifest, too. The fault says
// why there is nothing, as the end of a sentence that begins with "because".
func Parse(part Part, stdout string) (Manifest, error) {
	lines, err := unpack(part, stdout)
	if err != nil {
		return Manifest{}, err
	}
	switch part {
	case Packages:
		return packagesOf(lines), nil
	case Files:
		return filesOf(lines), nil
	case Services:
		return servicesOf(lines), nil
	}
	return Manifest{}, none("there is no script for %s", string(part))
}

func none(format string, args ...any) *fault.Fault {
	return fault.New(fault.Unavailable, format, args...)
}

// unpack returns the lines that the script packed.
func unpack(part Part, stdout string) ([]string, error) {
	first, rest, _ := strings.Cut(stdout, "\n")
	said, ours := strings.CutPrefix(strings.TrimSpace(first), head+" "+string(part)+" ")
	length, err := strconv.Atoi(said)
	if !ours || err != nil {
		return nil, none("the machine answered something else than it was asked")
	}
	if length == 0 {
		return nil, none("the machine has no gzip or no base64")
	}
	packed, after, _ := strings.Cut(rest, "\n")
	if len(packed) < length || strings.TrimSpace(after) != tail {
		return nil, none("the answer has %d characters, and AWS lets %d through", length, Limit)
	}
	return inflate(packed)
}

func inflate(packed string) ([]string, error) {
	raw, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(packed)))
	if err != nil {
		return nil, none("the answer of the machine cannot be read (%v)", err)
	}
	bounded := &io.LimitedReader{R: raw, N: mostBytes + 1}
	var lines []string
	scan := bufio.NewScanner(bounded)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		lines = append(lines, strings.ToValidUTF8(scan.Text(), "?"))
	}
	if err := scan.Err(); err != nil {
		return nil, none("the answer of the machine cannot be read (%v)", err)
	}
	if bounded.N <= 0 || len(lines) > mostLines {
		return nil, none("the answer of the machine is far larger than any that makes sense")
	}
	return lines, nil
}

// packagesOf reads "status\tname\tversion\tarchitecture", and what is said of the system.
func packagesOf(lines []string) Manifest {
	var m Manifest
	var rows [][]string
	manager := false
	for _, line := range lines {
		f := strings.Split(line, "\t")
		switch {
		case line == "dpkg" || line == "rpm":
			manager = true
		case len(f) == 2 && f[0] == "kernel":
			m.System.Kernel = f[1]
		case len(f) == 2 && f[0] == "arch":
			m.System.Arch = f[1]
		case len(f) == 2 && f[0] == "os":
			m.System.Name = strings.Trim(f[1], `"'`)
		case len(f) == 4 && (strings.HasPrefix(f[0], "ii") || strings.HasPrefix(f[0], "hi")):
			rows = append(rows, f[1:])
		}
	}
	switch {
	case !manager:
		m.Lacks("there is neither dpkg nor rpm on the machine", Packages)
	case len(rows) == 0:
		m.Lacks("the package manager of the machine lists no package", Packages)
	default:
		m.Packages = named(rows)
	}
	return m
}

// named gives packages the names that people know them by. The architecture is part of it only where it is not the
// machine's own.
func named(rows [][]string) map[string]string {
	count := map[string]int{}
	for _, r := range rows {
		if r[2] != "all" && r[2] != "noarch" {
			count[r[2]]++
		}
	}
	own := ""
	for arch, n := range count {
		if n > count[own] || n == count[own] && arch < own {
			own = arch
		}
	}
	all := map[string]string{}
	for _, r := range rows {
		name := r[0]
		if r[2] != own && r[2] != "all" && r[2] != "noarch" && r[2] != "(none)" {
			name += ":" + r[2]
		}
		all[name] = joined(all[name], r[1])
	}
	return all
}

// joined adds a version to those there are: of a kernel there may be several. The order does not depend on the list's.
func joined(versions, another string) string {
	if versions == "" {
		return another
	}
	list := strings.Split(versions, ", ")
	for i, v := range list {
		if v == another {
			return versions
		}
		if another < v {
			return strings.Join(append(list[:i:i], append([]string{another}, list[i:]...)...), ", ")
		}
	}
	return versions + ", " + another
}

// filesOf reads "file\tpath\tsum\tsize\tmode\towner" and "link\tpath\ttarget".
func filesOf(lines []string) Manifest {
	m := Manifest{Files: map[string]File{}}
	for _, line := range lines {
		f := strings.Split(line, "\t")
		switch {
		case len(f) == 3 && f[0] == "link":
			m.Files[f[1]] = File{Link: f[2]}
		case len(f) == 6 && f[0] == "file":
			size, _ := strconv.ParseInt(f[3], 10, 64)
			m.Files[f[1]] = File{Sum: f[2], Size: size, Mode: f[4], Owner: f[5]}
		}
	}
	return m
}

// servicesOf reads units, those that are active, and the rules of each tool that knows some.
func servicesOf(lines []string) Manifest {
	m := Manifest{Services: map[string]Service{}, Firewall: map[string][]string{}}
	systemd := false
	for _, line := range lines {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "systemd":
			systemd = true
		case "unit", "active":
			m.service(word, strings.Fields(rest))
		case "tool":
			m.Firewall[rest] = []string{}
		default:
			if rule := rule(rest); rule != "" {
				m.Firewall[word] = append(m.Firewall[word], rule)
			}
		}
	}
	if !systemd {
		m.Services = nil
		m.Lacks("there is no systemd on the machine", Services)
	}
	if len(m.Firewall) == 0 {
		m.Firewall = nil
		m.Lacks("there is neither nft nor iptables nor ufw on the machine", Firewall)
	}
	return m
}

// service notes a unit that is enabled or active. Those that come and go with people who log in say nothing about the
// machine.
func (m *Manifest) service(word string, f []string) {
	if len(f) < 2 || strings.HasPrefix(f[0], "user@") || strings.HasPrefix(f[0], "user-runtime-dir@") {
		return
	}
	s := m.Services[f[0]]
	switch {
	case word == "active" && len(f) >= 4:
		s.Active = f[3]
	case word == "unit" && strings.HasPrefix(f[1], "enabled"):
		s.Enabled = f[1]
	default:
		return
	}
	m.Services[f[0]] = s
}

// rule is a line of a firewall without what changes by itself: times and counters.
func rule(line string) string {
	line = strings.TrimRight(line, " \t")
	if strings.HasPrefix(strings.TrimSpace(line), "#") {
		return ""
	}
	if at := strings.LastIndex(line, " ["); at > 0 && strings.HasPrefix(line, ":") {
		line = line[:at] // ":INPUT ACCEPT [123:4567]"
	}
	return line
}

// Words sums a manifest up: "431 packages, 12 files, 38 services, the firewall, 9 security group rules".
func (m Manifest) Words() string {
	var words []string
	for _, c := range []struct {
		n    int
		noun string
	}{{len(m.Packages), "package"}, {len(m.Files), "file"}, {len(m.Services), "service"}} {
		if c.n > 0 {
			words = append(words, plural(c.n, c.noun))
		}
	}
	if m.Firewall != nil {
		words = append(words, "the firewall")
	}
	if len(m.Rules) > 0 {
		words = append(words, plural(len(m.Rules), "security group rule"))
	}
	if len(words) == 0 {
		return "nothing"
	}
	return strings.Join(words, ", ")
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
