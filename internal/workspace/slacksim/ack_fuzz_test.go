package slacksim

import "testing"

// FuzzDecodeAck: no frame makes the decoder fail, and a payload is never empty.
func FuzzDecodeAck(f *testing.F) {
	for _, s := range []string{`{"envelope_id":"a"}`, `{"envelope_id":"a","payload":{}}`, `{"envelope_id":"a","payload":null}`,
		`{"envelope_id":"a","payload":{"text":"x"}}`, `{"envelope_id":7}`, `{"payload":[]}`, ` `, `{"envelope_id":"a","payload":"x"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := decodeAck(data)
		if err != nil && (a.EnvelopeID != "" || a.payload != nil) {
			t.Errorf("got %+v together with %v", a, err)
		}
		if a.payload != nil && len(a.payload) == 0 {
			t.Error("an empty payload is no payload")
		}
	})
}

func TestDecodeAck(t *testing.T) {
	for _, c := range []struct {
		frame, id string
		payload   bool
		bad       bool
	}{
		{`{"envelope_id":"a"}`, "a", false, false},
		{`{"envelope_id":"a","payload":{}}`, "a", false, false},
		{`{"envelope_id":"a","payload": null}`, "a", false, false},
		{`{"envelope_id":"a","payload":{"text":"x"}}`, "a", true, false},
		{`{"envelope_id":"a","payload":"x"}`, "", false, true},
		{`[]`, "", false, true},
	} {
		a, err := decodeAck([]byte(c.frame))
		if a.EnvelopeID != c.id || (a.payload != nil) != c.payload || (err != nil) != c.bad {
			t.Errorf("%s: got %+v, %v", c.frame, a, err)
		}
	}
}
