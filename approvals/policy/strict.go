package policy

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Strict decodes a node into a pointer to a struct or a list of them. Unlike the library's own Decode, a field
// that is not known is an error, wherever it stands, and so that a person can mend a file at one go, every wrong
// field is named with its line. The error is a *yaml.TypeError unless nothing could be decoded at all.
func Strict(n *yaml.Node, into any) error {
	err := n.Decode(into)
	var wrong *yaml.TypeError
	if err != nil && !errors.As(err, &wrong) {
		return err
	}
	all := unknown(n, reflect.TypeOf(into))
	if wrong != nil {
		all = append(all, wrong.Errors...)
	}
	if len(all) == 0 {
		return nil
	}
	return &yaml.TypeError{Errors: all}
}

// Lines tells the problems of a *yaml.TypeError one by one, each with where it stands before it; any other error
// is told as it is.
func Lines(where string, err error) error {
	var wrong *yaml.TypeError
	if !errors.As(err, &wrong) {
		return fmt.Errorf("%s%w", where, err)
	}
	var all []error
	for _, line := range wrong.Errors {
		all = append(all, errors.New(where+line))
	}
	return errors.Join(all...)
}

// wrong is an error about one node, with its line.
func wrong(n *yaml.Node, err error) error {
	return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %v", n.Line, err)}}
}

// unknown finds the fields that the type has not. Types that read themselves look after themselves.
func unknown(n *yaml.Node, t reflect.Type) []string {
	n = resolve(n)
	if reflect.PointerTo(t).Implements(reflect.TypeFor[yaml.Unmarshaler]()) {
		return nil
	}
	var all []string
	switch t.Kind() {
	case reflect.Pointer:
		return unknown(n, t.Elem())
	case reflect.Slice:
		if n.Kind == yaml.SequenceNode {
			for _, element := range n.Content {
				all = append(all, unknown(element, t.Elem())...)
			}
		}
	case reflect.Struct:
		if n.Kind == yaml.MappingNode {
			return unknownIn(n, t)
		}
	}
	return all
}

func unknownIn(n *yaml.Node, t reflect.Type) []string {
	var all []string
	fields := fieldsOf(t)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Tag == "!!merge" {
			all = append(all, merged(value, t)...)
			continue
		}
		field, ok := fields[key.Value]
		if !ok {
			all = append(all, fmt.Sprintf("line %d: there is no field %q here; there are: %s", key.Line, key.Value, known(fields)))
			continue
		}
		all = append(all, unknown(value, field)...)
	}
	return all
}

// merged looks at what is merged in with <<: a mapping, or several.
func merged(n *yaml.Node, t reflect.Type) []string {
	if n.Kind == yaml.SequenceNode {
		return unknown(n, reflect.SliceOf(t))
	}
	return unknown(n, t)
}

// fieldsOf are the type's fields by their names in a file.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name != "" && name != "-" {
			fields[name] = f.Type
		}
	}
	return fields
}

func known(fields map[string]reflect.Type) string {
	var names []string
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
