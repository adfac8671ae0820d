package awssim

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
)

// filter keeps what has one of the values in a field. Values may hold * and ?.
type filter struct {
	name   string
	values []string
}

// filters reads EC2's `Filter.N.Name` and `Filter.N.Value.M`, or Auto Scaling's `Filters.member.N.Name`.
func (k *call) filters() []filter {
	var all []filter
	for _, name := range []string{"Filter", "Filters"} {
		for _, item := range k.p.list(name) {
			all = append(all, filter{item.str("Name"), append(item.strs("Value"), item.strs("Values")...)})
		}
	}
	return all
}

// field returns a resource's values under a filter name, and whether there is such a filter.
type field func(name string) ([]string, bool)

// passes tells whether a resource passes all filters.
func passes(filters []filter, of field) (bool, error) {
	for _, f := range filters {
		have, known := of(f.name)
		if !known {
			return false, refuse("InvalidParameterValue", "The filter '%s' is invalid", f.name)
		}
		if !slices.ContainsFunc(have, f.accepts) {
			return false, nil
		}
	}
	return true, nil
}

// sift keeps what passes.
func sift[T any](values []T, filters []filter, of func(T) field) ([]T, error) {
	var kept []T
	for _, f := range filters {
		if len(values) == 0 {
			break
		}
		if _, known := of(values[0])(f.name); !known {
			return nil, refuse("InvalidParameterValue", "The filter '%s' is invalid", f.name)
		}
	}
	for _, v := range values {
		ok, err := passes(filters, of(v))
		if err != nil {
			return nil, err
		}
		if ok {
			kept = append(kept, v)
		}
	}
	return kept, nil
}

func (f filter) accepts(value string) bool {
	return slices.ContainsFunc(f.values, func(pattern string) bool { return wild(pattern, value) })
}

// wild matches a pattern in which * stands for any text and ? for one character.
func wild(pattern, value string) bool {
	star, mark := -1, 0
	p, v := 0, 0
	for v < len(value) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, v
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == value[v]):
			p++
			v++
		case star >= 0:
			mark++
			p, v = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// tags are a resource's tags.
type tags map[string]string

// field answers the filters every tagged resource has.
func (t tags) field(name string) ([]string, bool) {
	switch {
	case name == "tag-key":
		var keys []string
		for key := range t {
			keys = append(keys, key)
		}
		return keys, true
	case name == "tag-value":
		return sortedValues(t), true
	case strings.HasPrefix(name, "tag:"):
		if value, ok := t[strings.TrimPrefix(name, "tag:")]; ok {
			return []string{value}, true
		}
		return nil, true
	}
	return nil, false
}

// page cuts one page out of a list. limit is the page's size when the request asks for none, most the
// largest it may ask for. next is empty on the last page.
func page[T any](k *call, values []T, names pageNames, limit, most int) (cut []T, next string, err error) {
	size := k.num(limit, names.size)
	if k.bad == nil && k.p.has(names.size) && (size < 1 || size > most) {
		return nil, "", k.malformed("%s must be between 1 and %d, not %d.", names.size, most, size)
	}
	start := 0
	if token := k.p.str(names.token); token != "" {
		if start, err = readToken(token); err != nil {
			return nil, "", refuse(names.badToken, "The token '%s' is invalid.", token)
		}
	}
	start = min(start, len(values))
	end := min(start+max(size, 0), len(values))
	if end < len(values) {
		next = base64.RawURLEncoding.EncodeToString([]byte("from:" + strconv.Itoa(end)))
	}
	return values[start:end], next, k.bad
}

// pageNames are what a service calls the size of a page and the token for the next.
type pageNames struct{ size, token, badToken string }

var (
	ec2Page     = pageNames{"MaxResults", "NextToken", "InvalidParameterValue"}
	scalingPage = pageNames{"MaxRecords", "NextToken", "InvalidNextToken"}
	elbPage     = pageNames{"PageSize", "Marker", "ValidationError"}
)

func readToken(token string) (int, error) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(strings.TrimPrefix(string(raw), "from:"))
	if err == nil && n < 0 {
		return 0, strconv.ErrRange
	}
	return n, err
}
