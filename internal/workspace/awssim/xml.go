package awssim

import (
	"encoding/xml"
	"strconv"
	"strings"
	"time"
)

// elem is one element of an answer. Answers are built as trees rather than marshalled from structs since
// AWS writes empty lists, omits empty texts, and orders what it likes.
type elem struct {
	name string
	text string
	kids []elem
	kind elemKind
	skip bool
}

// elemKind is what an element is where documents have types, as they do in JSON and in CBOR.
type elemKind int

const (
	aText     elemKind = iota // or a structure, when it has kids
	aList                     // of texts or of structures
	aNumber                   // a whole one
	aFraction                 // a number that may have a part after the point
	aFlag
	aMoment
)

const stamp = "2006-01-02T15:04:05.000Z"

// el is an element with kids, written even when it has none.
func el(name string, kids ...elem) elem { return elem{name: name, kids: kids} }

// text is an element with text, left out when the text is empty.
func text(name, value string) elem { return elem{name: name, text: value, skip: value == ""} }

// num is an element with a number.
func num(name string, n int) elem { return elem{name: name, text: strconv.Itoa(n), kind: aNumber} }

// fraction is an element with a number that need not be whole.
func fraction(name string, n float64) elem {
	return elem{name: name, text: strconv.FormatFloat(n, 'f', -1, 64), kind: aFraction}
}

// flag is an element with true or false.
func flag(name string, b bool) elem {
	return elem{name: name, text: strconv.FormatBool(b), kind: aFlag}
}

// when is an element with a time, left out when there is none.
func when(name string, t time.Time) elem {
	return elem{name: name, text: t.UTC().Format(stamp), kind: aMoment, skip: t.IsZero()}
}

// only keeps an element if the condition holds.
func only(condition bool, e elem) elem {
	e.skip = e.skip || !condition
	return e
}

// set is an EC2 list: an element holding one <item> per value, written even when it is empty.
func set[T any](name string, values []T, item func(T) []elem) elem {
	return list(name, "item", values, item)
}

// members is an Auto Scaling or load balancing list: an element holding one <member> per value.
func members[T any](name string, values []T, item func(T) []elem) elem {
	return list(name, "member", values, item)
}

// texts is a list of plain texts.
func texts(name, item string, values []string) elem {
	e := elem{name: name, kind: aList}
	for _, v := range values {
		e.kids = append(e.kids, elem{name: item, text: v})
	}
	return e
}

func list[T any](name, item string, values []T, kids func(T) []elem) elem {
	e := elem{name: name, kind: aList}
	for _, v := range values {
		e.kids = append(e.kids, el(item, kids(v)...))
	}
	return e
}

// document writes the element as an XML document whose root has the namespace.
func document(root elem, namespace string) string {
	var b strings.Builder
	b.WriteString(xml.Header)
	root.write(&b, namespace)
	return b.String()
}

func (e elem) write(b *strings.Builder, namespace string) {
	if e.skip {
		return
	}
	b.WriteString("<" + e.name)
	if namespace != "" {
		b.WriteString(` xmlns="` + namespace + `"`)
	}
	b.WriteString(">")
	if len(e.kids) == 0 {
		_ = xml.EscapeText(b, []byte(e.text))
	}
	for _, kid := range e.kids {
		kid.write(b, "")
	}
	b.WriteString("</" + e.name + ">")
}
