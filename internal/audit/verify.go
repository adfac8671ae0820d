package audit

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// Report is what Verify found.
type Report struct {
	Entries   int   // that are chained, up to the end or to the break
	Unchained int   // before the chain began: nothing protects these
	First     int64 // number of the first entry
	Last      Head  // the end that everything leads to
	Whole     bool  // it begins with the very first entry, or a record of trimming says where it begins
	Seals     int   // that were checked
	Partial   int   // that cover entries from before the first one here, and cannot be checked
	Sealed    int64 // number of the last entry under a seal that was checked
	Expected  bool  // the head that was expected is among the entries
	Break     *Break
}

// Break is the first link that does not hold.
type Break struct {
	Line int    // of the export
	ID   string // of the entry, where it has one
	N    int64  // its number
	What string // what is wrong, in a sentence
}

// Error is the break in a sentence.
func (b Break) Error() string {
	switch {
	case b.N > 0:
		return fmt.Sprintf("Entry %d (%s, line %d): %s", b.N, b.ID, b.Line, b.What)
	case b.Line > 0:
		return fmt.Sprintf("Line %d: %s", b.Line, b.What)
	}
	return b.What
}

// errBroken stops the reading.
var errBroken = errors.New("broken")

// Problem is why a record cannot be relied on: its first broken link, or that it holds nothing. Nil: it is sound.
func (r Report) Problem() error {
	if r.Break != nil {
		return r.Break
	}
	if r.Entries == 0 {
		return errEmpty
	}
	return nil
}

var errEmpty = errors.New("nothing was written down")

// Verify reads an export and checks every hash, every link and every seal. With a head that was kept elsewhere
// it also checks that the export leads to it; the zero Head asks for nothing. The error is about the reading
// alone: what is wrong with the entries stands in Report.Break.
func Verify(r io.Reader, expected Head) (Report, error) {
	v := verifier{expected: expected}
	err := lines(r, func(number int, line []byte) error {
		e, bad := parseLine(line)
		if v.gap != nil {
			return v.behindGap(e)
		}
		v.line = number
		if bad != nil {
			return v.broken(entry{}, "this is no entry of an export: it is %v.", bad)
		}
		return v.entry(e)
	})
	if err != nil && !errors.Is(err, errBroken) {
		return v.report, err
	}
	v.end()
	return v.report, nil
}

// digest is an entry that no seal has covered so far.
type digest struct {
	n   int64
	sum [sha256.Size]byte
}

type verifier struct {
	report    Report
	expected  Head
	line      int
	last      entry
	first     entry
	open      []digest // not yet under a seal
	seal      string   // sum of the last seal
	sealKnown bool
	firstSeal *span // the first seal that is here
	gap       *Break
	gapFrom   int64
	anchor    *trimmed
}

func (v *verifier) broken(e entry, format string, args ...any) error {
	v.report.Break = &Break{Line: v.line, ID: e["id"], N: e.n(), What: fmt.Sprintf(format, args...)}
	return errBroken
}

func (v *verifier) entry(e entry) error {
	if e["n"] == "" && e["hash"] == "" && e["prev"] == "" {
		if v.last != nil {
			return v.broken(e, "entry %s is not in the chain: it was inserted behind entry %d.", e["id"], v.last.n())
		}
		v.report.Unchained++
		return nil
	}
	if e.n() < 1 || e["hash"] != e.sum() {
		return v.broken(e, "it was altered: its hash is not that of what it says.")
	}
	if err := v.link(e); err != nil || v.gap != nil {
		return err
	}
	v.take(e)
	switch e["kind"] {
	case kindSeal:
		return v.checkSeal(e)
	case kindTrimmed:
		return v.checkTrimmed(e)
	}
	return nil
}

// link checks that an entry follows the one before.
func (v *verifier) link(e entry) error {
	n := e.n()
	if v.last == nil {
		return v.begin(e)
	}
	switch before := v.last.n(); {
	case n > before+1:
		_ = v.broken(e, "%s missing before it.", numbers(before+1, n-1))
		v.gap, v.gapFrom = v.report.Break, before
		return nil
	case n == before:
		return v.broken(e, "there are two entries of this number: one of them was inserted.")
	case n < before:
		return v.broken(e, "it is out of order: it stands behind entry %d.", before)
	case e["prev"] != v.last["hash"]:
		return v.broken(e, "it does not follow entry %d: one of the two was replaced.", before)
	}
	return nil
}

// begin checks the first entry of the chain that is here.
func (v *verifier) begin(e entry) error {
	v.first, v.report.First = e, e.n()
	if e.n() == 1 {
		v.report.Whole, v.sealKnown = true, true
	}
	if (e.n() == 1) != (e["prev"] == "") {
		return v.broken(e, "it cannot be the first: it follows %q.", e["prev"])
	}
	if e.n() > 1 && v.report.Unchained > 0 {
		return v.broken(e, "the entries before it have lost their place in the chain.")
	}
	return nil
}

// behindGap looks whether what is missing comes later: then nothing is missing, but it is out of order.
func (v *verifier) behindGap(e entry) error {
	if n := e.n(); n > v.gapFrom && n < v.gap.N {
		v.gap.What = fmt.Sprintf("it is out of order: entry %d comes only later.", n)
		return errBroken
	}
	return nil
}

func (v *verifier) take(e entry) {
	v.last = e
	v.report.Entries++
	v.report.Last = Head{N: e.n(), Hash: e["hash"]}
	v.report.Expected = v.report.Expected || e["hash"] == v.expected.Hash
	v.open = append(v.open, digest{n: e.n(), sum: e.sum256()})
}

// end says what shows only when everything was read.
func (v *verifier) end() {
	if v.report.Break != nil {
		return
	}
	v.line = 0
	if v.checkAnchor(); v.report.Break != nil || v.expected == (Head{}) || v.report.Expected {
		return
	}
	n, last := v.expected.N, v.report.Last.N
	switch {
	case n == 0:
		_ = v.broken(entry{}, "No entry has the hash %s: the end was cut off behind entry %d, or everything was written anew.", v.expected.Hash, last)
	case n > last:
		_ = v.broken(entry{}, "The end was cut off: %s missing behind entry %d.", numbers(last+1, n), last)
	case n < v.report.First:
		_ = v.broken(entry{}, "The head is of entry %d, and this begins with entry %d: it cannot be compared. Export from further back.", n, v.report.First)
	default:
		_ = v.broken(entry{}, "Entry %d had another hash when its head was kept: the audit was written anew.", n)
	}
}

// numbers are the entries from one to another, in words that "missing" can follow.
func numbers(from, to int64) string {
	if from == to {
		return fmt.Sprintf("entry %d is", from)
	}
	return fmt.Sprintf("entries %d to %d are", from, to)
}
