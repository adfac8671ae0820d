package grammar

import "strings"

// Suggestion is one way to go on.
type Suggestion struct {
	Text  string // the whole word
	About string
}

// Complete says what may stand in the place of the last word of the text; the text holds what comes
// behind the command's name and ends with a space where a new word is wanted.
func (s Spec) Complete(text string) []Suggestion {
	words, err := Words(text)
	if err != nil {
		return nil
	}
	last := Word{}
	if text != "" && !strings.HasSuffix(text, " ") && len(words) > 0 {
		last, words = words[len(words)-1], words[:len(words)-1]
	}
	if f, ok := s.wants(words); ok {
		return f.values("", last.Text)
	}
	if name, value, ok := strings.Cut(last.Text, "="); ok && last.flag() {
		f, _, _ := s.flag(strings.TrimPrefix(name, "--"))
		return f.values(name+"=", value)
	}
	var all []Suggestion
	if !last.flag() && last.Text != "-" {
		all = s.next(words)
	}
	return append(all, s.open(words, last.Text)...)
}

// wants is the flag whose value the next word is.
func (s Spec) wants(words []Word) (Flag, bool) {
	if len(words) == 0 {
		return Flag{}, false
	}
	w := words[len(words)-1]
	if !w.flag() || strings.Contains(w.Text, "=") {
		return Flag{}, false
	}
	f, _, ok := s.flag(strings.ToLower(strings.TrimPrefix(w.Text, "--")))
	return f, ok && f.Kind != Bool
}

func (f Flag) values(before, begin string) []Suggestion {
	var all []Suggestion
	for _, c := range f.Choices {
		if strings.HasPrefix(c, begin) {
			all = append(all, Suggestion{Text: before + c, About: f.About})
		}
	}
	if all == nil && begin == "" && f.Name != "" {
		all = append(all, Suggestion{Text: before + f.value(), About: f.About})
	}
	return all
}

// next is the argument that comes next, as a suggestion.
func (s Spec) next(words []Word) []Suggestion {
	placed := 0
	for i, w := range words {
		if _, value := s.wants(words[:i]); !value && !w.flag() {
			placed++
		}
	}
	if placed >= len(s.Args) {
		return nil
	}
	return []Suggestion{{Text: s.Args[placed].Usage(), About: s.Args[placed].About}}
}

// open are the flags that are not there yet and begin with the word.
func (s Spec) open(words []Word, begin string) []Suggestion {
	if begin != "" && !strings.HasPrefix(begin, "-") {
		return nil
	}
	given := map[string]bool{}
	for _, w := range words {
		if f, _, ok := s.flag(strings.TrimPrefix(strings.SplitN(w.Text, "=", 2)[0], "--")); ok && w.flag() {
			given[f.Name] = true
		}
	}
	var all []Suggestion
	for _, f := range s.Flags {
		if !given[f.Name] && strings.HasPrefix("--"+f.Name, begin) {
			all = append(all, Suggestion{Text: "--" + f.Name, About: f.About})
		}
	}
	return all
}
