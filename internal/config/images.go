package config

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
)

// Images is how golden images are kept.
type Images struct {
	Files     []string      `yaml:"files"`     // patterns of absolute paths whose files a baseline manifest holds, such as /etc/nginx/*.conf
	Parameter string        `yaml:"parameter"` // Systems Manager parameter that follows a family's golden image: /golden/{family}; empty: none
	Cooldown  time.Duration `yaml:"cooldown"`  // between disabling an image and deregistering it; 24h when zero
	Rollback  time.Duration `yaml:"rollback"`  // how long an image that a rollout has replaced is kept for the way back; 72h when zero
}

const mostPatterns = 50

// problems reports every problem at once.
func (i Images) problems() error {
	var errs []error
	if len(i.Files) > mostPatterns {
		errs = append(errs, fmt.Errorf("images: files: %d patterns are more than %d", len(i.Files), mostPatterns))
	}
	for _, f := range i.Files {
		if _, err := path.Match(f, "/"); err != nil || !strings.HasPrefix(f, "/") || strings.ContainsAny(f, "\n\r\x00'") {
			errs = append(errs, fmt.Errorf("images: files: %q is not a pattern of an absolute path", f))
		}
	}
	if i.Parameter != "" && (!strings.HasPrefix(i.Parameter, "/") || !strings.Contains(i.Parameter, "{family}")) {
		errs = append(errs, fmt.Errorf("images: parameter: %q must begin with / and hold {family}", i.Parameter))
	}
	if i.Cooldown < 0 || i.Rollback < 0 {
		errs = append(errs, errors.New("images: cooldown and rollback cannot be less than nothing"))
	}
	return errors.Join(errs...)
}
