// Package story plays stories: scripts that a person can read, in which people type and press in the
// simulated Slack and look at what Slack and AWS show them. Tests and the demo play the same files.
// It drives a workspace from outside, over HTTP, as the page does; it knows nothing of the bot.
//
// A story is a txtar archive: prose, and a file named "script" with a line for each deed or look.
//
//	slash    @dev #deploys /asg rollout web --image ami-0b2    types a slash command
//	say      @dev #deploys some words                          writes a message
//	reply    @dev #deploys some words                          writes into the latest thread there
//	click    @sre Approve on 'words' in #deploys               presses the latest button so labelled, on what holds the words
//	choose   @dev Extend on 'words' in home                    chooses in a menu; the place is a channel, dm or home
//	submit   @sre reason='not today'                           fills in and sends the open form: text, an option by its label or value
//	submit   @sre image=~web size=50 user-data=@boot.sh:'…'    ~ takes the first that a search offers; @ attaches a file, @boot.sh*20000 one of that size
//	close    @sre                                              cancels the open form
//	join     @lead sre                                         becomes a member of a user group
//	leave    @sre2 sre                                         is one no longer
//	clock    +70m                                              time passes
//	fault    aws {"action":"StartInstanceRefresh",…}           AWS misbehaves; slack likewise
//	fault    aws no-capacity eu-west-1a                        the same by name: vcpu-quota, key-refused, image-fails and others
//	ssh      web-builder apt-get install -y nginx=1.26.2       somebody logged in on a server does this
//	heal     aws                                               the faults end
//	alarm    web-5xx ALARM                                     a CloudWatch alarm goes off; OK ends it
//	sockets  drop                                              Slack drops the bot's connections
//	slack    down                                              all of Slack is away (unreachable: it does not even answer); up
//	redis    down                                              Redis is away; up brings it back with what it held
//	crash                                                      the bot dies and is started again
//	cli      sre approve {op}                                  an operator runs amiral on the command line
//	nocli    guest approve {op}                                the same, and it is refused
//	note     op #deploys 'op-[a-z0-9]+'                        remembers what the pattern finds on the latest card, as {op}
//	verify                                                     the record of what was done is whole
//
//	card     #deploys 'words' buttons A,B choices C without D  the latest card with the words has buttons and menu entries
//	line     #deploys 'words'                                  a thread there has a line with the words
//	lines    #deploys 'words' 1                                so many lines hold the words
//	count    #deploys 'words' 1                                so many root messages hold the words
//	whisper  @dev 'words'                                      only this person sees the words
//	dm       @dev 'words' buttons A choices C without D        the bot wrote the words to this person
//	dms      @dev 'words' 1                                    so many of its direct messages hold them
//	home     @sre 'words' buttons A choices C without D        the Home tab, which stays open once looked at, says so of the thing
//	modal    @sre 'words'                                      a form is open, or complains
//	nomodal  @sre                                              none is
//	reaction #deploys white_check_mark on 'words'              the latest card bears the emoji
//	out      'words'                                           the last command printed the words
//	group    web image ami-0b2 healthy 12 desired 12 version 8 the fleet is so, or the parts of it that are named
//	image    web-next available amiral:family=web              an image, by name or id, is in that state (gone, too) and has the tags
//	images   web-next 1                                        so many images have the name, which may end in a star
//	template web-lt default 7 latest 8 versions 8              a launch template is so (gone, too)
//	parameter /golden/web web-next                             an SSM parameter has the value, or the id of the image of that name
//	refresh  web Successful                                    the group's latest instance refresh stands so; begun: it goes on
//	online   1                                                 the bot holds so many connections or more; 0: none
//
// What looks at AWS may end in the name of a region: image web-next available in eu-central-1.
//
// A look waits for what it looks for until its patience ends.
package story

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

//go:embed stories/*.txtar
var stories embed.FS

// Story is a script with the prose that introduces it.
type Story struct {
	Name  string
	Prose string
	Lines []Line
}

// Line is one deed or look.
type Line struct {
	Number int
	Text   string // as written
	Verb   string
	Words  []string // the rest, quotes undone
}

// Load returns a story that comes with the workspace.
func Load(name string) (Story, error) {
	raw, err := stories.ReadFile("stories/" + name + ".txtar")
	if err != nil {
		return Story{}, fmt.Errorf("there is no story %q; there are: %s", name, strings.Join(Names(), ", "))
	}
	return Parse(name, raw)
}

// Names are the stories that come with the workspace.
func Names() []string {
	files, _ := fs.Glob(stories, "stories/*.txtar")
	for i, f := range files {
		files[i] = strings.TrimSuffix(strings.TrimPrefix(f, "stories/"), ".txtar")
	}
	return files
}

// Parse reads a story.
func Parse(name string, raw []byte) (Story, error) {
	archive := txtar.Parse(raw)
	s := Story{Name: name, Prose: strings.TrimSpace(string(archive.Comment))}
	var errs []error
	for _, f := range archive.Files {
		if f.Name != "script" {
			errs = append(errs, fmt.Errorf("%s: the file %q is not understood; only script is", name, f.Name))
			continue
		}
		for i, text := range strings.Split(string(f.Data), "\n") {
			line, err := parseLine(i+1, text)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: line %d: %w", name, i+1, err))
			}
			if line.Verb != "" {
				s.Lines = append(s.Lines, line)
			}
		}
	}
	if len(s.Lines) == 0 {
		errs = append(errs, fmt.Errorf("%s: there is no script", name))
	}
	return s, errors.Join(errs...)
}

// raw says how many words a verb has before its rest is taken as it stands.
var raw = map[string]int{"slash": 2, "say": 2, "reply": 2, "fault": 1, "ssh": 1}

func parseLine(number int, text string) (Line, error) {
	text = strings.TrimSpace(text)
	if text == "" || strings.HasPrefix(text, "#") {
		return Line{}, nil
	}
	verb, rest, _ := strings.Cut(text, " ")
	l := Line{Number: number, Text: text, Verb: verb}
	if _, known := verbOf(verb); !known {
		return l, fmt.Errorf("the verb %q is not understood", verb)
	}
	rest = strings.TrimSpace(rest)
	for range raw[verb] {
		word, after, _ := strings.Cut(rest, " ")
		l.Words, rest = append(l.Words, word), strings.TrimSpace(after)
	}
	if _, ok := raw[verb]; ok {
		l.Words = append(l.Words, rest)
		return l, nil
	}
	words, err := split(rest)
	l.Words = append(l.Words, words...)
	return l, err
}

// split cuts at spaces outside of single quotes.
func split(s string) ([]string, error) {
	var words []string
	var word strings.Builder
	quoted, any := false, false
	for _, r := range s {
		switch {
		case r == '\'':
			quoted, any = !quoted, true
		case r == ' ' && !quoted:
			if any || word.Len() > 0 {
				words = append(words, word.String())
			}
			word.Reset()
			any = false
		default:
			word.WriteRune(r)
		}
	}
	if any || word.Len() > 0 {
		words = append(words, word.String())
	}
	if quoted {
		return words, errors.New("a quote is not closed")
	}
	return words, nil
}
