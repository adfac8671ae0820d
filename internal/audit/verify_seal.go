package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
)

// checkSeal checks a seal against the entries it covers, if all of them are here.
func (v *verifier) checkSeal(e entry) error {
	s, err := e.sealed()
	if err != nil {
		return v.broken(e, "this seal cannot be read.")
	}
	if v.sealKnown && s.prev != v.seal {
		return v.broken(e, "this seal does not follow the one before.")
	}
	if v.firstSeal == nil {
		v.firstSeal = &s
	}
	v.seal, v.sealKnown = s.sum, true
	covered := v.upTo(s.to)
	if s.from < v.report.First {
		v.report.Partial++
		return nil
	}
	if len(covered) == 0 || covered[0].n != s.from || covered[len(covered)-1].n != s.to {
		return v.broken(e, "this seal covers entries %d to %d, and those before it are others.", s.from, s.to)
	}
	h := sha256.New()
	_, _ = h.Write([]byte(s.prev)) // a hash takes everything
	for _, d := range covered {
		_, _ = h.Write(d.sum[:])
	}
	if hex.EncodeToString(h.Sum(nil)) != s.sum {
		return v.broken(e, "the seal is broken: entries %d to %d are not those that it was put on.", s.from, s.to)
	}
	v.report.Seals++
	v.report.Sealed = s.to
	return nil
}

// upTo takes the entries up to a number off the list of those without a seal.
func (v *verifier) upTo(n int64) []digest {
	i := 0
	for i < len(v.open) && v.open[i].n <= n {
		i++
	}
	covered := v.open[:i]
	v.open = v.open[i:]
	return covered
}

// trimmed is what a record of trimming says.
type trimmed struct {
	entry entry
	line  int
	seal  string
}

// checkTrimmed looks whether a record of trimming is the one that tells where this begins.
func (v *verifier) checkTrimmed(e entry) error {
	var f struct{ N, Hash, Seal string }
	if err := json.Unmarshal([]byte(e["fields"]), &f); err != nil {
		return v.broken(e, "this record of trimming cannot be read.")
	}
	if f.N != strconv.FormatInt(v.report.First-1, 10) {
		return nil // of another time
	}
	if f.Hash != v.first["prev"] {
		return v.broken(e, "it says that trimming ended with the hash %q, and the first entry follows %q.", f.Hash, v.first["prev"])
	}
	v.anchor = &trimmed{entry: e, line: v.line, seal: f.Seal}
	return nil
}

// checkAnchor compares the record of trimming with the first seal that is left.
func (v *verifier) checkAnchor() {
	if v.anchor == nil {
		return
	}
	if v.firstSeal != nil && v.firstSeal.prev != v.anchor.seal {
		v.line = v.anchor.line
		_ = v.broken(v.anchor.entry, "the first seal that is left does not follow the last one that was trimmed.")
		return
	}
	v.report.Whole = true
}
