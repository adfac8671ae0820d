package audit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// Export writes the entries since a moment, all of them if it is zero, as JSON lines, and returns how many there
// are and the head they lead to. A line is an object of strings by the names of the stream's fields, with the
// entry's id: exactly what the hashes were made from, so that Verify needs nothing else. What is not UTF-8 is
// written as base64 under the name with ";base64" behind it.
func (l *Log) Export(ctx context.Context, w io.Writer, since time.Time) (int, Head, error) {
	out, from, n, head := bufio.NewWriter(w), "", 0, Head{}
	if !since.IsZero() {
		from = fmt.Sprintf("%d-%d", since.UnixMilli()-1, uint64(1<<63))
	}
	for {
		page, err := l.page(ctx, from, pageSize)
		if err != nil {
			return n, head, err
		}
		for _, m := range page {
			e := entryOf(m)
			if err := e.writeTo(out); err != nil {
				return n, head, fmt.Errorf("export the audit: %w", err)
			}
			n, from, head = n+1, m.ID, Head{N: e.n(), Hash: e["hash"]}
		}
		if len(page) < pageSize {
			break
		}
	}
	if err := out.Flush(); err != nil {
		return n, head, fmt.Errorf("export the audit: %w", err)
	}
	return n, head, nil
}

const encoded = ";base64"

// writeTo writes an entry as a line.
func (e entry) writeTo(w io.Writer) error {
	plain := make(map[string]string, len(e))
	for name, value := range e {
		if !utf8.ValidString(value) {
			name, value = name+encoded, base64.StdEncoding.EncodeToString([]byte(value))
		}
		plain[name] = value
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(plain)
}

// errLine is a line that is no entry.
var errLine = errors.New("not an object of strings, each name once")

// parseLine reads a line that writeTo wrote, however it was formatted since. Names that are there twice are
// refused: readers disagree on which of them counts.
func parseLine(line []byte) (entry, error) {
	d, e := json.NewDecoder(bytes.NewReader(line)), entry{}
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errLine
	}
	for d.More() {
		name, value, err := pair(d)
		if err != nil {
			return nil, err
		}
		if _, twice := e[name]; twice {
			return nil, errLine
		}
		e[name] = value
	}
	if t, err := d.Token(); err != nil || t != json.Delim('}') {
		return nil, errLine
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errLine
	}
	return e, nil
}

// pair reads one name with its value.
func pair(d *json.Decoder) (string, string, error) {
	var texts [2]string
	for i := range texts {
		t, err := d.Token()
		text, ok := t.(string)
		if err != nil || !ok {
			return "", "", errLine
		}
		texts[i] = text
	}
	name, isEncoded := strings.CutSuffix(texts[0], encoded)
	if !isEncoded {
		return texts[0], texts[1], nil
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(texts[1])
	if err != nil || utf8.Valid(raw) {
		return "", "", errLine
	}
	return name, string(raw), nil
}

// ReadExport reads what Export wrote as events, one after the other. It does not verify them.
func ReadExport(r io.Reader, each func(Event) error) error {
	return lines(r, func(number int, line []byte) error {
		e, err := parseLine(line)
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		event, err := e.event()
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		return each(event)
	})
}

// longest is how long a line of an export may be.
const longest = 64 << 20

// lines hands every line that is not empty on, with its number.
func lines(r io.Reader, each func(number int, line []byte) error) error {
	s := bufio.NewScanner(r)
	s.Buffer(nil, longest)
	for number := 1; s.Scan(); number++ {
		if len(bytes.TrimSpace(s.Bytes())) == 0 {
			continue
		}
		if err := each(number, s.Bytes()); err != nil {
			return err
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("read the export: %w", err)
	}
	return nil
}

// Verify checks every link of what stands in the stream now, up to its head.
func (l *Log) Verify(ctx context.Context) (Report, error) {
	var export bytes.Buffer
	_, head, err := l.Export(ctx, &export, time.Time{})
	if err != nil {
		return Report{}, err
	}
	return Verify(&export, head)
}
