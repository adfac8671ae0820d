package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds one included file, in bytes.
const maxFile = 1 << 20

// Included reads the files that the policy includes and the paths of its calendars, relative to the folder that
// its own file stands in. Their rules come after its own, in the order of the patterns and then of the names.
// Every problem is reported at once; what could be read is returned with them.
func (p Policy) Included(folder string) (Policy, error) {
	p.Rules = slices.Clone(p.Rules)
	p.placeCalendars(0, folder, folder)
	var errs []error
	var read []string
	for _, pattern := range p.Include {
		files, err := included(folder, pattern)
		if err != nil {
			errs = append(errs, err)
		}
		for _, file := range files {
			if slices.Contains(read, file) {
				continue // a pattern may cover what was named before
			}
			read = append(read, file)
			if err := p.add(folder, file); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return p, errors.Join(errs...)
}

// included are the files of a pattern, in order. One that finds nothing is a mistake: rules would be missing.
func included(folder, pattern string) ([]string, error) {
	files, err := filepath.Glob(from(folder, pattern))
	if err != nil {
		return nil, fmt.Errorf("policy: include: %q is not a pattern of files", pattern)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("policy: include: there is no file %s", from(folder, pattern))
	}
	slices.Sort(files)
	return files, nil
}

// from is a path as it is meant in a file of that folder.
func from(folder, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

// add reads one file. It may hold rules and calendars, and include nothing itself.
func (p *Policy) add(folder, file string) error {
	name := file
	if rel, err := filepath.Rel(folder, file); err == nil && !strings.HasPrefix(rel, "..") {
		name = rel
	}
	raw, err := readFile(file)
	if err != nil {
		return fmt.Errorf("policy: include: %w", err)
	}
	before, included, channel := len(p.Calendars), p.Include, p.SecurityChannel
	p.Include, p.SecurityChannel = nil, ""
	err = p.parse(raw, name)
	if err == nil && (len(p.Include) > 0 || p.SecurityChannel != "") {
		err = errors.New("include and security_channel belong into the file that includes this one")
	}
	p.Include, p.SecurityChannel = included, channel
	p.placeCalendars(before, folder, filepath.Dir(file))
	if err != nil {
		return Lines(fmt.Sprintf("policy: %s: ", name), err)
	}
	return nil
}

func (p *Policy) parse(raw []byte, name string) error {
	var n yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(&n); err != nil {
		if errors.Is(err, io.EOF) {
			return errors.New("it is empty")
		}
		return err
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return errors.New("it holds more than one document, of which only the first would count")
	}
	if err := Mistaken(raw); err != nil {
		return err
	}
	return p.read(resolve(&n), name)
}

// placeCalendars makes the paths of the calendars from number first on relative to the policy's folder, whichever
// folder the file stands in that names them.
func (p *Policy) placeCalendars(first int, folder, named string) {
	p.Calendars = slices.Clone(p.Calendars)
	for i := range p.Calendars[first:] {
		c := &p.Calendars[first+i]
		c.Folder = folder
		if c.File == "" || filepath.IsAbs(c.File) {
			continue
		}
		if rel, err := filepath.Rel(folder, filepath.Join(named, c.File)); err == nil {
			c.File = rel
		}
	}
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxFile {
		return nil, fmt.Errorf("%s is over %d bytes", name, maxFile)
	}
	return raw, nil
}
