package awssim

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// params is one request parameter as a tree: a value, a structure with named kids, or a list whose kids are
// named by number. `Filter.1.Name=state` becomes Filter → 1 → Name. Auto Scaling's `.member.` level is kept
// in the tree and skipped when a list is read.
type params struct {
	value string
	set   bool
	kids  map[string]*params
}

var noParams = &params{}

// parseQuery builds the tree of a form. A key given twice keeps its first value.
func parseQuery(form url.Values) *params {
	root := &params{}
	for _, key := range slices.Sorted(maps.Keys(form)) {
		if len(form[key]) > 0 {
			root.put(key, form[key][0])
		}
	}
	return root
}

// put sets the value at a dotted path, making the levels it needs.
func (p *params) put(path, value string) {
	for part := range strings.SplitSeq(path, ".") {
		p = p.kid(part)
	}
	p.value, p.set = value, true
}

func (p *params) kid(name string) *params {
	if p.kids == nil {
		p.kids = map[string]*params{}
	}
	if p.kids[name] == nil {
		p.kids[name] = &params{}
	}
	return p.kids[name]
}

// at walks down by name. It never returns nil: what is absent is empty.
func (p *params) at(path ...string) *params {
	for _, name := range path {
		next := p.kids[name]
		if next == nil {
			return noParams
		}
		p = next
	}
	return p
}

// str returns the text at a path, or nothing.
func (p *params) str(path ...string) string { return p.at(path...).value }

// has tells whether anything was given at a path, an empty value included.
func (p *params) has(path ...string) bool {
	at := p.at(path...)
	return at.set || len(at.kids) > 0
}

// list returns the items at a path in the order of their numbers.
func (p *params) list(path ...string) []*params {
	at := p.at(path...)
	for _, wrapper := range []string{"member", "item"} {
		if inner := at.kids[wrapper]; inner != nil {
			at = inner
		}
	}
	var numbers []int
	for name := range at.kids {
		if n, err := strconv.Atoi(name); err == nil && strconv.Itoa(n) == name {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	items := make([]*params, 0, len(numbers))
	for _, n := range numbers {
		items = append(items, at.kids[strconv.Itoa(n)])
	}
	return items
}

// isList tells whether the tree at hand holds numbered items.
func (p *params) isList() bool { return len(p.kids) > 0 && len(p.list()) > 0 }

// strs returns the texts of a list.
func (p *params) strs(path ...string) []string {
	var texts []string
	for _, item := range p.list(path...) {
		texts = append(texts, item.value)
	}
	return texts
}

// yes tells whether the flag at a path is given and true.
func (p *params) yes(path ...string) bool { return strings.EqualFold(p.str(path...), "true") }

// clone returns a copy that shares nothing.
func (p *params) clone() *params {
	if p == nil {
		return nil
	}
	twin := &params{value: p.value, set: p.set}
	for name, kid := range p.kids {
		*twin.kid(name) = *kid.clone()
	}
	return twin
}

// canonical writes the tree as text, the same for the same content, without the named top-level keys.
// Two requests with one client token are the same request when their texts are equal.
func (p *params) canonical(without ...string) string {
	var b strings.Builder
	p.write(&b, "", without)
	return b.String()
}

func (p *params) write(b *strings.Builder, path string, without []string) {
	if p.set {
		fmt.Fprintf(b, "%s=%q\n", path, p.value)
	}
	for _, name := range slices.Sorted(maps.Keys(p.kids)) {
		if path == "" && slices.Contains(without, name) {
			continue
		}
		p.kids[name].write(b, path+"."+name, without)
	}
}
