package cloud

import (
	"errors"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// failure is what a failed call becomes: a *fleet.Error named after the call that really failed,
// which is sts:AssumeRole when the environment's role cannot be assumed.
func failure(err error) error {
	if err == nil {
		return nil
	}
	return translate(deepestCall(err), err)
}

// translate reads the kind from AWS's code, or from the HTTP status for codes of no interest to us.
func translate(call string, err error) *fleet.Error {
	e := &fleet.Error{Kind: fleet.Other, Call: call, Err: err}
	if errors.Is(err, errNoToken) {
		e.Kind = fleet.Rejected
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return e
	}
	e.Code, e.Message = api.ErrorCode(), readable(api.ErrorMessage())
	if throttled(err) {
		e.Kind = fleet.Throttled
	} else if kind, known := kindOf(e.Code); known {
		e.Kind = kind
	} else if clientsFault(err) {
		e.Kind = fleet.Rejected
	}
	return e
}

// kindOf says what a code means where its HTTP status would not say, or would mislead.
func kindOf(code string) (kind fleet.ErrorKind, known bool) {
	switch code {
	case "InvalidAMIID.NotFound", "InvalidAMIID.Unavailable", "InvalidInstanceID.NotFound",
		"InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateId.NotFoundException",
		"InvalidLaunchTemplateId.VersionNotFound", "InvalidLaunchTemplateName.NotFoundException",
		"InvalidSubnetID.NotFound", "TargetGroupNotFound", "TargetGroupNotFoundException",
		"InvalidSnapshot.NotFound", "InvalidVolume.NotFound", "InvalidImageUsageReportId.NotFound",
		"ParameterNotFound", "ParameterVersionNotFound", "InvocationDoesNotExist":
		return fleet.Absent, true
	case "UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "AuthFailure",
		"InvalidClientTokenId", "UnrecognizedClientException", "MissingAuthenticationToken",
		"SignatureDoesNotMatch", "IncompleteSignature", "OptInRequired", "NotAuthorized":
		return fleet.Refused, true
	case "InstanceRefreshInProgress":
		return fleet.InProgress, true
	case "ActiveInstanceRefreshNotFound":
		return fleet.NoRefresh, true
	case "IrreversibleInstanceRefresh":
		return fleet.Irreversible, true
	case "IdempotentParameterMismatch":
		return fleet.TokenMismatch, true
	case "InvalidAMIName.Duplicate", "AlreadyExists", "AlreadyExistsException", "ParameterAlreadyExists",
		"InvalidLaunchTemplateName.AlreadyExistsException", "InvalidLaunchTemplateName.AlreadyExists":
		return fleet.Exists, true
	case "ResourceContention", "ResourceInUse", "ScalingActivityInProgress", "IdempotentCallInProgress",
		"IncorrectState", "IncorrectInstanceState", "IncorrectImageState", "InvalidAMIState", "DependencyViolation",
		"VolumeInUse", "InvalidSnapshot.InUse", "TooManyUpdates":
		return fleet.Busy, true
	case "InsufficientInstanceCapacity", "InsufficientHostCapacity", "InsufficientCapacity":
		return fleet.Full, true
	case "SnapshotCreationPerVolumeRateExceeded":
		return fleet.Throttled, true
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired":
		return fleet.Other, true
	}
	return fleet.Quota, limit(code)
}

// limit reports whether a code says that the account has as much as it may have. The codes that ask for fewer calls
// look alike; they were told apart before.
func limit(code string) bool {
	switch code {
	case "MaxSpotInstanceCountExceeded", "MaxSpotFleetRequestCountExceeded":
		return true
	}
	return strings.HasSuffix(strings.TrimSuffix(code, "Exception"), "LimitExceeded")
}

// throttled reports whether AWS asked for fewer calls.
func throttled(err error) bool {
	return retry.ThrottleErrorCode{Codes: retry.DefaultThrottleErrorCodes}.IsErrorThrottle(err) == aws.TrueTernary
}

// clientsFault reports whether AWS blamed the request.
func clientsFault(err error) bool {
	answer, ok := errors.AsType[interface {
		error
		HTTPStatusCode() int
	}](err)
	if !ok {
		return false
	}
	status := answer.HTTPStatusCode()
	return status >= http.StatusBadRequest && status < http.StatusInternalServerError
}

// wouldSucceed reports whether err is AWS's way of saying that a dry run is allowed.
func wouldSucceed(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && api.ErrorCode() == "DryRunOperation"
}

// readable leaves out the encoded part that EC2 puts behind a refusal: a thousand letters for
// sts:DecodeAuthorizationMessage. The error itself still holds it.
func readable(message string) string {
	text, _, _ := strings.Cut(message, " Encoded authorization failure message:")
	return text
}

// deepestCall names the innermost call in err.
func deepestCall(err error) string {
	name := ""
	for {
		op, ok := errors.AsType[*smithy.OperationError](err)
		if !ok {
			return name
		}
		name, err = callName(op.ServiceID, op.OperationName), op.Err
	}
}

// callName is a call as IAM policies spell it.
func callName(service, operation string) string {
	prefixes := map[string]string{
		"Auto Scaling":              "autoscaling",
		"Elastic Load Balancing v2": "elasticloadbalancing",
	}
	prefix, ok := prefixes[service]
	if !ok {
		prefix = strings.ToLower(service)
	}
	return prefix + ":" + operation
}

// absent is the error for something that a describe call did not return.
func absent(call, code, message string) error {
	return &fleet.Error{Kind: fleet.Absent, Call: call, Code: code, Message: message}
}

// rejected is the error for a request that is wrong before it is sent.
func rejected(call, message string) error {
	return &fleet.Error{Kind: fleet.Rejected, Call: call, Code: "ValidationError", Message: message}
}
