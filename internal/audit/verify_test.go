package audit_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/audit"
)

// wantBreak checks that the first broken link is the one of a line, and what is said of it.
func wantBreak(t *testing.T, r audit.Report, line int, says ...string) {
	t.Helper()
	if r.Break == nil || (line > 0 && r.Break.Line != line) {
		t.Fatalf("got %+v, want a break at line %d", r.Break, line)
	}
	for _, s := range says {
		if !strings.Contains(r.Break.Error(), s) {
			t.Errorf("got %q, want %q in it", r.Break.Error(), s)
		}
	}
}

// TestAnyByteFlippedIsNamed: whichever byte of whichever entry is changed, the break is at that entry.
func TestAnyByteFlippedIsNamed(t *testing.T) {
	t.Parallel()
	all, head := history(t)
	for i, line := range all {
		for at := range line {
			raw := []byte(line)
			raw[at] ^= byte(1 + (at*37)%255)
			changed := slices.Clone(all)
			changed[i] = string(raw)
			r := verify(t, changed, head)
			if r.Break == nil && same(line, string(raw)) {
				continue // another way to write the same: \u000A for \u000a
			}
			if r.Break == nil || r.Break.Line != i+1 {
				t.Fatalf("byte %d of line %d: got %+v, want a break there: %q", at, i+1, r.Break, raw)
			}
		}
	}
}

// same reports whether two lines differ only in how a character is escaped.
func same(a, b string) bool {
	return strings.Contains(a, `\u`) && strings.EqualFold(a, b)
}

func TestAnyEntryRemovedIsNamed(t *testing.T) {
	t.Parallel()
	all, head := history(t)
	for i := range all {
		r := verify(t, slices.Delete(slices.Clone(all), i, i+1), head)
		switch i {
		case 0:
			if r.Break == nil && r.Whole {
				t.Errorf("the first entry is gone, and got %+v", r)
			}
		case len(all) - 1:
			wantBreak(t, r, 0, "cut off", "entry 14 is missing")
		default:
			wantBreak(t, r, i+1, "missing before it", decoded(t, all[i])["n"])
		}
	}
	wantBreak(t, verify(t, slices.Delete(slices.Clone(all), 3, 6), head), 4, "Entry 7", "entries 4 to 6 are missing")
}

func TestAnyTwoSwappedAreNamed(t *testing.T) {
	t.Parallel()
	all, head := history(t)
	for i := range all {
		for j := i + 1; j < len(all); j++ {
			swapped := slices.Clone(all)
			swapped[i], swapped[j] = swapped[j], swapped[i]
			r := verify(t, swapped, head)
			if i > 0 {
				wantBreak(t, r, i+1, "out of order")
			} else {
				wantBreak(t, r, 0)
			}
		}
	}
}

// TestAnythingInsertedIsNamed: a copy of an entry, one that was made to fit, one without a place.
func TestAnythingInsertedIsNamed(t *testing.T) {
	t.Parallel()
	all, head := history(t)
	for i := 1; i <= len(all); i++ {
		before := decoded(t, all[i-1])
		fitting := maps.Clone(before)
		fitting["id"], fitting["prev"], fitting["what"] = before["id"]+"0", before["hash"], "nothing to see"
		fitting["n"] = next(before["n"])
		for name, line := range map[string]string{
			"a copy": all[i-1], "fitting": forged(t, fitting), "bare": `{"id":"1-1","kind":"command"}` + "\n",
		} {
			r := verify(t, slices.Insert(slices.Clone(all), i, line), head)
			if r.Break == nil && name == "fitting" && i == len(all) && r.Last != head {
				continue // it follows the head that was kept: nobody can tell it from what came later
			}
			if r.Break == nil || (r.Break.Line != i+1 && r.Break.Line != i+2) {
				t.Errorf("%s behind line %d: got %+v, want a break", name, i, r.Break)
			}
		}
	}
}

func next(n string) string {
	digits := []byte(n)
	for i := len(digits) - 1; i >= 0; i-- {
		if digits[i]++; digits[i] <= '9' {
			return string(digits)
		}
		digits[i] = '0'
	}
	return "1" + string(digits)
}

func TestACutTailIsNamedByTheHeadThatWasKept(t *testing.T) {
	t.Parallel()
	all, head := history(t)
	for n := range len(all) {
		r := verify(t, all[:n], head)
		wantBreak(t, r, 0, "cut off", "14")
		wantBreak(t, verify(t, all[:n], audit.Head{Hash: head.Hash}), 0, "cut off behind entry")
	}
	if r := verify(t, all[:7], audit.Head{}); r.Break != nil || r.Last.N != 7 {
		t.Errorf("without a head: got %+v, want it sound up to 7", r)
	}
	older := audit.Head{N: 5, Hash: decoded(t, all[4])["hash"]}
	if r := verify(t, all, older); r.Break != nil || !r.Expected {
		t.Errorf("with an older head: got %+v, want it sound", r)
	}
	wantBreak(t, verify(t, all[6:], older), 0, "begins with entry 7", "further back")
}

// TestAChainWrittenAnewBreaksAtTheSealOrTheHead: whoever can write may compute every link anew.
func TestAChainWrittenAnewBreaksAtTheSealOrTheHead(t *testing.T) {
	t.Parallel()
	all, _ := history(t)
	anew := slices.Clone(all)
	prev := decoded(t, all[1])["hash"]
	for i := 2; i < len(all); i++ {
		e := decoded(t, all[i])
		if i == 2 {
			e["what"] = "innocent"
		}
		e["prev"] = prev
		anew[i] = forged(t, e)
		prev = e["hash"]
	}
	wantBreak(t, verify(t, anew, audit.Head{}), 9, "the seal is broken", "entries 1 to 8")
	wantBreak(t, verify(t, anew[:8], audit.Head{N: 6, Hash: decoded(t, all[5])["hash"]}), 0, "written anew")
}

func TestAnExportMayBeReformattedButNothingMayStandTwice(t *testing.T) {
	t.Parallel()
	all, head := history(t)
	other := slices.Clone(all)
	for i, line := range other {
		other[i] = " " + forged(t, decoded(t, line)) + "\n" // with < as \u003c, spaces and empty lines
	}
	if got := verify(t, other, head); got.Break != nil || !strings.Contains(other[2], "u003c") {
		t.Errorf("reformatted: got %v, want it sound", got.Break)
	}
	twice := slices.Clone(all)
	twice[4] = strings.Replace(twice[4], "{", `{"what":"evil",`, 1)
	wantBreak(t, verify(t, twice, head), 5, "each name once")
}

func TestAHeadIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	h := audit.Head{N: 1042, Hash: strings.Repeat("9f", 20)}
	for _, text := range []string{h.String(), strings.ToUpper(h.String()), " " + h.String() + "\n"} {
		if got, err := audit.ParseHead(text); err != nil || got != h {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	if got, err := audit.ParseHead(h.Hash); err != nil || got.N != 0 || got.Hash != h.Hash {
		t.Errorf("got %v, %v from a hash alone", got, err)
	}
	for _, text := range []string{"", "12", "12:", "x:" + h.Hash, "-1:" + h.Hash, h.Hash[1:] + "z"} {
		if got, err := audit.ParseHead(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte(`{"id":"1-0","n":"1","prev":"","hash":"x"}`))
	f.Add([]byte("{}\n{\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, err := audit.Verify(strings.NewReader(string(raw)), audit.Head{}); err != nil {
			t.Errorf("got %v from reading what is in memory", err)
		}
	})
}
