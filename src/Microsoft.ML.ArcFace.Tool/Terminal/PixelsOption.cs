using System.CommandLine;

namespace Microsoft.ML.ArcFace.Terminal;

/// <summary>The pixels that a network reads, in one word.</summary>
internal static class PixelsOption
{
    /// <summary>--pixels; null where it is not given.</summary>
    public static Option<FacePixels?> Create() => new("--pixels")
    {
        Description = "The pixels that the recognizer reads: standard, by-128, unscaled, zero-to-one or imagenet, behind bgr- in the other color order; or numbers as in rgb:127.5:128. Default: what is known of the file, what it says of itself, or standard with a warning.",
        HelpName = "PIXELS",
        CustomParser = argument =>
        {
            try
            {
                return FacePixels.Parse(argument.Tokens.Count > 0 ? argument.Tokens[0].Value : "");
            }
            catch (FormatException error)
            {
                argument.AddError($"--pixels: {error.Message}");
                return null;
            }
        },
    };
}
