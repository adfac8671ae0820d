package fleet

// Identity is who the bot is in an account.
type Identity struct {
	Account string `json:"account"`
	ARN     string `json:"arn"`
	Region  string `json:"region"`
}

// Permission is the result of trying whether the bot's identity may do something, without doing it.
type Permission struct {
	Action   string `json:"action"`         // "ec2:CreateLaunchTemplateVersion"
	Allowed  bool   `json:"allowed"`        // false also when it could not be tried
	Provable bool   `json:"provable"`       // false: AWS offers no way of trying, or there was nothing to try it on
	Text     string `json:"text,omitempty"` // AWS's own words, or why it could not be tried
}
