package awssim

import "time"

func imageLifeActions() map[string]action {
	return map[string]action{
		"EnableImageDeprecation":  enableImageDeprecation,
		"DisableImageDeprecation": disableImageDeprecation,
		"EnableImage":             enableImage,
		"DisableImage":            disableImage,

		"EnableImageDeregistrationProtection":  enableDeregistrationProtection,
		"DisableImageDeregistrationProtection": disableDeregistrationProtection,
	}
}

// alter changes the image a request names.
func (k *call) alter(allowed func(*image) error, do func(*image)) ([]elem, error) {
	img, err := k.ownImage()
	if err != nil {
		return nil, err
	}
	if err := allowed(img); err != nil {
		return nil, err
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	do(img)
	return []elem{flag("return", true)}, nil
}

func always(*image) error { return nil }

func enableImageDeprecation(k *call) ([]elem, error) {
	at := k.moment("DeprecateAt").Truncate(time.Minute)
	return k.alter(func(*image) error {
		if k.bad == nil && (!at.After(k.cloud.now) || at.After(k.cloud.now.AddDate(10, 0, 0))) {
			return refuse("InvalidParameterValue", "DeprecateAt must lie in the future, and at most 10 years away.")
		}
		return nil
	}, func(img *image) { img.deprecated = at })
}

func disableImageDeprecation(k *call) ([]elem, error) {
	return k.alter(always, func(img *image) { img.deprecated = time.Time{} })
}

// disableImage also withdraws the image from everybody it was shared with.
func disableImage(k *call) ([]elem, error) {
	return k.alter(func(img *image) error {
		if img.state != "available" {
			return refuse("IncorrectState", "The image '%s' is %s, not available.", img.id, img.state)
		}
		return nil
	}, func(img *image) { img.state, img.public, img.shares = "disabled", false, nil })
}

func enableImage(k *call) ([]elem, error) {
	return k.alter(func(img *image) error {
		if img.state != "disabled" {
			return refuse("IncorrectState", "The image '%s' is %s, not disabled.", img.id, img.state)
		}
		return nil
	}, func(img *image) { img.state = "available" })
}

// guard is the image's protection from being deregistered: what was set, or the cooldown that outlives it.
func (img *image) guard() string {
	if img.protection == "disabled" && img.fleet.cloud.now.Before(img.protected) {
		return "disabled-with-cooldown-until " + img.protected.UTC().Format(stamp)
	}
	return img.protection
}

func enableDeregistrationProtection(k *call) ([]elem, error) {
	how := "enabled-without-cooldown"
	if k.p.yes("WithCooldown") {
		how = "enabled-with-cooldown"
	}
	return k.protect(how, time.Time{})
}

// disableDeregistrationProtection leaves the image protected for another day if it was set with a cooldown.
func disableDeregistrationProtection(k *call) ([]elem, error) {
	until := time.Time{}
	if img := k.fleet.images[k.p.str("ImageId")]; img != nil && img.protection == "enabled-with-cooldown" {
		until = k.cloud.now.Add(24 * time.Hour)
	}
	return k.protect("disabled", until)
}

func (k *call) protect(how string, until time.Time) ([]elem, error) {
	_, err := k.alter(always, func(img *image) { img.protection, img.protected = how, until })
	return []elem{text("return", how)}, err
}
