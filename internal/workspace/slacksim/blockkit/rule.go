package blockkit

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Problem is something wrong at one place of a payload.
type Problem struct {
	Message string
	Pointer string // JSON pointer, such as /blocks/0/text/text
}

// String writes the problem as Slack does in response_metadata.messages.
func (p Problem) String() string {
	return fmt.Sprintf("[ERROR] %s [json-pointer:%s]", p.Message, p.Pointer)
}

// checker collects problems.
type checker struct {
	problems []Problem
	surface  Surface
}

func (k *checker) fail(at, format string, args ...any) {
	k.problems = append(k.problems, Problem{Message: fmt.Sprintf(format, args...), Pointer: at})
}

// rule checks one value found at a pointer.
type rule func(k *checker, v any, at string)

// field is a property of an object.
type field struct {
	required bool
	check    rule
}

// fields are the properties an object may have, by name.
type fields map[string]field

func must(r rule) field { return field{required: true, check: r} }
func may(r rule) field  { return field{check: r} }

// with adds properties to a copy.
func (f fields) with(more fields) fields {
	all := fields{}
	for _, m := range []fields{f, more} {
		for k, v := range m {
			all[k] = v
		}
	}
	return all
}

// object checks the properties of an object; null counts as absent.
func object(f fields) rule {
	names := make([]string, 0, len(f))
	for name := range f {
		names = append(names, name)
	}
	slices.Sort(names)
	return func(k *checker, v any, at string) {
		o, ok := v.(map[string]any)
		if !ok {
			k.fail(at, "must provide an object")
			return
		}
		for _, name := range names {
			switch value := o[name]; {
			case value != nil:
				f[name].check(k, value, at+"/"+name)
			case f[name].required:
				k.fail(at, "missing required field: %s", name)
			}
		}
		for _, name := range extras(o, f) {
			k.fail(at, "invalid additional property: %s", name)
		}
	}
}

func extras(o map[string]any, f fields) []string {
	var found []string
	for name, value := range o {
		if _, known := f[name]; !known && value != nil {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

// str checks the length of a string, in characters.
func str(least, most int) rule {
	return func(k *checker, v any, at string) {
		s, ok := v.(string)
		if !ok {
			k.fail(at, "must provide a string")
			return
		}
		n := utf8.RuneCountInString(s)
		if n < least {
			k.fail(at, "must be more than %d characters", least-1)
		}
		if n > most {
			k.fail(at, "must be less than %d characters", most+1)
		}
	}
}

func link(most int) rule {
	length := str(1, most)
	return func(k *checker, v any, at string) {
		length(k, v, at)
		if s, ok := v.(string); ok && s != "" && !strings.Contains(s, ":") {
			k.fail(at, "invalid url")
		}
	}
}

func boolean(k *checker, v any, at string) {
	if _, ok := v.(bool); !ok {
		k.fail(at, "must provide a boolean")
	}
}

func number(least, most float64) rule {
	return func(k *checker, v any, at string) {
		n, ok := v.(float64)
		switch {
		case !ok:
			k.fail(at, "must provide a number")
		case n < least:
			k.fail(at, "must be no less than %v", least)
		case n > most:
			k.fail(at, "must be no more than %v", most)
		}
	}
}

func oneOf(values ...string) rule {
	return func(k *checker, v any, at string) {
		if s, ok := v.(string); !ok || !slices.Contains(values, s) {
			k.fail(at, "must be one of: %s", strings.Join(values, ", "))
		}
	}
}

func anything(*checker, any, string) {}

// array checks the length of a list and each item.
func array(least, most int, item rule) rule {
	return func(k *checker, v any, at string) {
		l, ok := v.([]any)
		if !ok {
			k.fail(at, "must provide an array")
			return
		}
		if len(l) < least {
			k.fail(at, "no fewer than %d items allowed", least)
		}
		if len(l) > most {
			k.fail(at, "no more than %d items allowed", most)
		}
		for i, e := range l {
			item(k, e, fmt.Sprintf("%s/%d", at, i))
		}
	}
}

// kinds checks an object by the rule of its type.
func kinds(byType map[string]rule) rule {
	return func(k *checker, v any, at string) {
		o, ok := v.(map[string]any)
		if !ok {
			k.fail(at, "must provide an object")
			return
		}
		kind, ok := o["type"].(string)
		if !ok {
			k.fail(at, "missing required field: type")
			return
		}
		r, ok := byType[kind]
		if !ok {
			k.fail(at+"/type", "unsupported type: %s", kind)
			return
		}
		r(k, v, at)
	}
}

// all applies several rules to one value.
func all(rules ...rule) rule {
	return func(k *checker, v any, at string) {
		for _, r := range rules {
			r(k, v, at)
		}
	}
}

// exactlyOne fails unless one of the named properties is there.
func exactlyOne(names ...string) rule {
	return func(k *checker, v any, at string) {
		if n := present(v, names); n != 1 {
			k.fail(at, "must provide exactly one of: %s", strings.Join(names, ", "))
		}
	}
}

// atLeastOne fails when none of the named properties is there.
func atLeastOne(names ...string) rule {
	return func(k *checker, v any, at string) {
		if present(v, names) == 0 {
			k.fail(at, "missing required field: %s", strings.Join(names, " or "))
		}
	}
}

func present(v any, names []string) int {
	o, _ := v.(map[string]any)
	n := 0
	for _, name := range names {
		if o[name] != nil {
			n++
		}
	}
	return n
}

func typed(f fields) fields { return f.with(fields{"type": must(anything)}) }
