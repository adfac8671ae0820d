package grammar

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/fault"
)

// wrong is why a value cannot be taken.
type wrong struct {
	fault *fault.Fault
	meant string
}

func (f Flag) wrong(format string, args ...any) *wrong {
	return &wrong{fault: fault.New(fault.Invalid, "--"+f.Name+" "+format, args...)}
}

// read turns a value's text into what its kind holds.
func (f Flag) read(text string) (Value, *wrong) {
	switch f.Kind {
	case Int, Percent:
		n, err := f.number(text)
		return Value{Int: n}, err
	case Percents:
		return f.percents(text)
	case Duration:
		return f.duration(text)
	case List:
		return f.list(text)
	case Enum:
		return f.choice(text)
	}
	if most := f.most(maxArg); len([]rune(text)) > most {
		return Value{}, f.wrong("is longer than %d characters.", most)
	}
	return Value{Text: text}, nil
}

func (f Flag) most(otherwise int) int {
	if f.Most > 0 {
		return f.Most
	}
	return otherwise
}

func (f Flag) number(text string) (int64, *wrong) {
	digits := text
	if f.Prefix != "" {
		digits = strings.TrimPrefix(digits, f.Prefix)
	}
	unit := ""
	if f.Kind != Int {
		digits, unit = strings.TrimSuffix(digits, "%"), " percent"
	}
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil {
		return 0, f.wrong("takes a whole number%s, and %q is none.", unit, cut(text, 40))
	}
	low, high := f.bounds()
	if n < low || n > high {
		if high == most32 {
			return 0, f.wrong("is %d or more, and %d is not.", low, n)
		}
		return 0, f.wrong("goes from %d to %d%s, and %d is outside.", low, high, unit, n)
	}
	return n, nil
}

const most32 = 1<<31 - 1

func (f Flag) bounds() (low, high int64) {
	switch {
	case f.Max != 0:
		return f.Min, f.Max
	case f.Kind == Int:
		return f.Min, most32
	}
	return f.Min, 100
}

func (f Flag) percents(text string) (Value, *wrong) {
	items, err := f.list(text)
	if err != nil {
		return Value{}, err
	}
	var v Value
	for _, item := range items.List {
		n, err := f.number(item)
		if err != nil {
			return Value{}, err
		}
		v.Ints = append(v.Ints, int(n))
	}
	return v, nil
}

// list cuts a text at its commas. A name that stands there twice is meant once.
func (f Flag) list(text string) (Value, *wrong) {
	var v Value
	for item := range strings.SplitSeq(text, ",") {
		item = strings.TrimSpace(item)
		again := f.Kind == List && slices.Contains(v.List, item)
		if item != "" && !again {
			v.List = append(v.List, item)
		}
	}
	if len(v.List) == 0 {
		return Value{}, f.wrong("is a list with nothing in it.")
	}
	if most := f.most(20); len(v.List) > most {
		return Value{}, f.wrong("takes at most %d, and here are %d.", most, len(v.List))
	}
	for _, item := range v.List {
		if len([]rune(item)) > maxArg {
			return Value{}, f.wrong("holds something longer than %d characters.", maxArg)
		}
	}
	return v, nil
}

func (f Flag) choice(text string) (Value, *wrong) {
	for _, c := range f.Choices {
		if strings.EqualFold(c, text) {
			return Value{Text: c}, nil
		}
	}
	w := f.wrong("is %s, and %q is none of these.", or(f.Choices), cut(text, 40))
	w.meant = DidYouMean(Near(text, f.Choices))
	return Value{}, w
}

var (
	spans = regexp.MustCompile(`^(?:\d{1,9}(?:d|h|m|s))+$`)
	span  = regexp.MustCompile(`(\d+)(d|h|m|s)`)
)

func (f Flag) duration(text string) (Value, *wrong) {
	low := strings.ToLower(text)
	if low != "0" && !spans.MatchString(low) {
		if strings.Trim(low, "0123456789") == "" {
			return Value{}, f.wrong("needs a unit: %ss, %sm, %sh or %sd.", cut(low, 9), cut(low, 9), cut(low, 9), cut(low, 9))
		}
		return Value{}, f.wrong("takes a time such as 90s, 5m, 2h or 1d, and %q is none.", cut(text, 40))
	}
	var sum time.Duration
	for _, m := range span.FindAllStringSubmatch(low, -1) {
		n, _ := strconv.Atoi(m[1])
		for _, u := range units {
			if u.name == m[2] {
				sum += min(time.Duration(n), longest/u.size+1) * u.size
			}
		}
		sum = min(sum, longest+1)
	}
	least, most := time.Duration(f.Min), time.Duration(f.Max)
	if most == 0 {
		most = longest
	}
	if sum < least || sum > most {
		return Value{}, f.wrong("goes from %s to %s, and %s is outside.", Span(least), Span(most), cut(text, 40))
	}
	return Value{Duration: sum}, nil
}

// longest is the longest time that any flag takes.
const longest = 366 * 24 * time.Hour

func or(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return fmt.Sprintf("%s or %s", strings.Join(words[:last], ", "), words[last])
}
