package config

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/amiral-ops/amiral/approvals/policy"
)

// Operator is somebody who may decide on the command line while Slack is away, known by their login on the
// machine. What they may do is what the Slack user may. Their groups are believed only while Slack cannot be
// asked.
type Operator struct {
	Login  string   `yaml:"login"`  // of the operating system
	User   string   `yaml:"user"`   // Slack user id, such as U0123ABCD
	Team   string   `yaml:"team"`   // Slack team id, such as T0123ABCD
	Groups []string `yaml:"groups"` // handles of user groups that they are in, with or without an @
}

// Operator finds an operator by their login.
func (c Config) Operator(login string) (Operator, bool) {
	for _, o := range c.Operators {
		if o.Login == login && login != "" {
			return o, true
		}
	}
	return Operator{}, false
}

var (
	userID = regexp.MustCompile(`^[UW][A-Z0-9]{2,}$`)
	teamID = regexp.MustCompile(`^[TE][A-Z0-9]{2,}$`)
)

func (c Config) operatorProblems() []error {
	var errs []error
	logins := map[string]bool{}
	for i, o := range c.Operators {
		say := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("operators: number %d (%s): %w", i+1, o.Login, fmt.Errorf(format, args...)))
		}
		if o.Login == "" {
			say("login is missing")
		}
		if logins[o.Login] {
			say("the login is there twice")
		}
		logins[o.Login] = true
		if !userID.MatchString(o.User) {
			say("user: %q is not the id of a Slack user, such as U0123ABCD", o.User)
		}
		if !teamID.MatchString(o.Team) {
			say("team: %q is not the id of a Slack team, such as T0123ABCD", o.Team)
		}
		for _, g := range o.Groups {
			if err := policy.CheckHandle(g); err != nil {
				say("groups: %w", err)
			}
		}
	}
	return errs
}

// Audit is how long the record is kept.
type Audit struct {
	Keep time.Duration // written as 400d or 9600h; 0 keeps everything
}

// minKeep is less than it takes anybody to ask what happened.
const minKeep = 24 * time.Hour

// UnmarshalYAML reads it.
func (a *Audit) UnmarshalYAML(n *yaml.Node) error {
	var doc struct {
		Keep policy.Duration `yaml:"keep"`
	}
	err := policy.Strict(n, &doc)
	a.Keep = time.Duration(doc.Keep)
	return err
}

func (a Audit) problems() error {
	if a.Keep < 0 || a.Keep > 0 && a.Keep < minKeep {
		return errors.New("audit: keep: it is under a day; 0 keeps everything")
	}
	return nil
}
