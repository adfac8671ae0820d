package template

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// userDataField is the field under which a version has the digest of its user data.
const userDataField = "UserData"

// Compare tells in which fields two versions differ, in the order in which people read them, what looks like a secret
// hidden by m.
func Compare(m *Masker, a, b map[string]string) []fleet.Difference {
	names := map[string]bool{}
	for name := range a {
		names[name] = true
	}
	for name := range b {
		names[name] = true
	}
	var all []fleet.Difference
	for _, name := range slices.SortedFunc(maps.Keys(names), ordered) {
		if a[name] == b[name] || implied.MatchString(name) {
			continue
		}
		d := fleet.Difference{Field: name, From: m.field(name, a[name]), To: m.field(name, b[name])}
		if d.From == d.To {
			d.To += ", another text"
		}
		all = append(all, d)
	}
	return all
}

// implied are fields whose names say all that is in them.
var implied = regexp.MustCompile(`^TagSpecifications\.[^.]+\.ResourceType$`)

// field is a field's value as people may read it.
func (m *Masker) field(name, value string) string {
	if value == "" {
		return ""
	}
	if name == userDataField {
		return length(value)
	}
	key := name[strings.LastIndexByte(name, '.')+1:] + ": "
	if masked := m.Mask(key + value); strings.HasPrefix(masked, key) {
		return visible(strings.TrimPrefix(masked, key))
	}
	return visible(m.Mask(value))
}

// length is how long user data is, without its digest: whoever sees all of it but a short secret, could find that out by
// the digest.
func length(value string) string {
	if _, rest, ok := strings.Cut(value, " ("); ok && strings.HasPrefix(value, "sha256:") {
		return strings.TrimSuffix(rest, ")")
	}
	return value
}

// ordered puts first what people look for first.
func ordered(a, b string) int {
	return cmp.Or(cmp.Compare(place(a), place(b)), natural(a, b))
}

// place is where a field stands among the others.
func place(name string) int {
	first := []string{"ImageId", "InstanceType", "KeyName", "IamInstanceProfile", "SecurityGroup", "NetworkInterfaces", "BlockDeviceMappings",
		userDataField, "MetadataOptions", "Monitoring", "Placement"}
	if i := slices.IndexFunc(first, func(f string) bool { return strings.HasPrefix(name, f) }); i >= 0 {
		return i
	}
	if strings.HasPrefix(name, "TagSpecifications") {
		return len(first) + 1
	}
	return len(first)
}

// natural compares names piece by piece, so that 10 stands behind 9.
func natural(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		if n := cmp.Or(cmp.Compare(digits(x[i]), digits(y[i])), strings.Compare(x[i], y[i])); n != 0 {
			return n
		}
	}
	return cmp.Compare(len(x), len(y))
}

// digits is how long a number is; 0 for what is none.
func digits(s string) int {
	if strings.Trim(s, "0123456789") != "" {
		return 0
	}
	return len(s)
}

// TextDiff is what two user data differ in, as a unified diff without its heading; secrets are hidden by m before they
// are compared, so that a difference in them is told and they are not.
func TextDiff(m *Masker, a, b string) string {
	switch {
	case a == b:
		return ""
	case binary(a) || binary(b):
		return "- " + m.Readable(a) + "\n+ " + m.Readable(b) + "\n"
	}
	body := string(diff.Diff("a", []byte(m.Readable(a)), "b", []byte(m.Readable(b))))
	if _, rest, ok := strings.Cut(body, "+++ b\n"); ok {
		return rest
	}
	return body
}

// The most of a text that one card shows, in characters and of each line.
const (
	mostShown = 2400
	mostWide  = 160
)

// Shown cuts a text into pages that a card can show, at the ends of lines. Lines that are too long are cut.
func Shown(text string) []string {
	var pages []string
	var page strings.Builder
	length := 0
	for line := range strings.Lines(text) {
		line = narrow(strings.TrimSuffix(line, "\n")) + "\n"
		n := len([]rune(line))
		if length+n > mostShown {
			pages = append(pages, page.String())
			page.Reset()
			length = 0
		}
		page.WriteString(line)
		length += n
	}
	return append(pages, page.String())
}

func narrow(line string) string {
	if r := []rune(line); len(r) > mostWide {
		return string(r[:mostWide]) + "…"
	}
	return line
}
