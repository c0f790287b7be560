using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>Keeps the warnings of ML.NET's log.</summary>
internal static class LoggedWarnings
{
    /// <summary>Gives a list to which each warning is added from now on.</summary>
    public static List<string> Of(MLContext ml)
    {
        var warnings = new List<string>();
        ml.Log += (_, line) =>
        {
            if (line.Kind == ChannelMessageKind.Warning)
            {
                warnings.Add(line.RawMessage);
            }
        };
        return warnings;
    }
}
