package bot

import (
	"cmp"
	"strings"
)

// entered is the state of one input of a view.
type entered struct {
	Value    string
	Selected *struct{ Value string }  `json:"selected_option"`
	Several  []struct{ Value string } `json:"selected_options"`
	Files    []file
}

// file is a file that somebody added to a form, as Slack tells of it.
type file struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Size     int    `json:"size"`
	Download string `json:"url_private_download"`
	Private  string `json:"url_private"`
}

// address is where the file can be read.
func (f file) address() string { return cmp.Or(f.Download, f.Private) }

// words are what was entered: one of several in each line, and of a file its name.
func (e entered) words() string {
	var lines []string
	for _, o := range e.Several {
		lines = append(lines, o.Value)
	}
	switch {
	case e.Selected != nil:
		return e.Selected.Value
	case len(lines) > 0:
		return strings.Join(lines, "\n")
	case len(e.Files) > 0:
		return cmp.Or(e.Files[0].Name, e.Files[0].ID)
	}
	return e.Value
}

func (f *filled) keep(input string, what file) {
	if f.Files == nil {
		f.Files = map[string]file{}
	}
	f.Files[input] = what
}
