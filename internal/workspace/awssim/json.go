package awssim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// jsonTargets are the services that understand JSON, by what their targets begin with, and the version of it.
var jsonTargets = map[string]struct {
	service serviceName
	version string
}{
	"GraniteServiceVersion20100801": {alarmService, "1.0"},
	"AmazonSSM":                     {ssmService, "1.1"},
}

func (k *call) parseJSON(target string, body []byte) error {
	prefix, name, _ := strings.Cut(target, ".")
	known, ok := jsonTargets[prefix]
	if !ok {
		return fmt.Errorf("awssim: no service knows the target %s", target)
	}
	k.wire, k.service, k.action = jsonWire{known.version}, known.service, name
	var value any
	if len(body) > 0 {
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.UseNumber()
		if err := decoder.Decode(&value); err != nil {
			return err
		}
	}
	k.p = plant(value)
	return nil
}

// plant turns a decoded document into the tree a form would have given.
func plant(value any) *params {
	p := &params{}
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			*p.kid(name) = *plant(v[name])
		}
	case []any:
		for n, item := range v {
			*p.kid(fmt.Sprint(n + 1)) = *plant(item)
		}
	case nil:
	default:
		p.value, p.set = fmt.Sprint(v), true
	}
	return p
}

// value turns elements into a map, as CBOR and JSON have it.
func value(elems []elem) map[string]any {
	m := map[string]any{}
	for _, e := range elems {
		if !e.skip {
			m[e.name] = e.value()
		}
	}
	return m
}

func (e elem) value() any {
	switch e.kind {
	case aList:
		all := []any{}
		for _, kid := range e.kids {
			all = append(all, kid.value())
		}
		return all
	case aFlag:
		return e.text == "true"
	case aMoment:
		t, _ := time.Parse(stamp, e.text)
		return t
	case aNumber:
		n, _ := strconv.ParseInt(e.text, 10, 64)
		return n
	case aFraction:
		n, _ := strconv.ParseFloat(e.text, 64)
		return n
	}
	if len(e.kids) > 0 {
		return value(e.kids)
	}
	return e.text
}

// failureValue is an error as a document.
func failureValue(k *call, err *apiError) map[string]any {
	return map[string]any{"__type": shapes[k.service] + err.code, "message": err.message}
}

// shapes are what services write before the codes of their errors.
var shapes = map[serviceName]string{alarmService: "com.amazonaws.cloudwatch#"}

// jsonWire is AWS JSON 1.0 or 1.1.
type jsonWire struct{ version string }

func (jsonWire) success(_ *call, result []elem) string { return toJSON(value(result)) }

func (jsonWire) failure(k *call, err *apiError) string { return toJSON(failureValue(k, err)) }

func (w jsonWire) headers(h http.Header, requestID string, _ int, _ string) {
	h.Set("Content-Type", "application/x-amz-json-"+w.version)
	h.Set("X-Amzn-Requestid", requestID)
}

func toJSON(v map[string]any) string {
	for name, inner := range v {
		v[name] = epochs(inner)
	}
	raw, _ := json.Marshal(v)
	return string(raw)
}

// epochs replaces times by seconds, which is how JSON has them.
func epochs(v any) any {
	switch v := v.(type) {
	case time.Time:
		return float64(v.UnixMilli()) / 1000
	case []any:
		for n := range v {
			v[n] = epochs(v[n])
		}
	case map[string]any:
		for name := range v {
			v[name] = epochs(v[name])
		}
	}
	return v
}
