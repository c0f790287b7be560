using Microsoft.Extensions.Logging;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>Tells whoever runs a gallery what they should know.</summary>
internal static partial class GalleryLog
{
    /// <summary>Tells something that they may want to do something about.</summary>
    [LoggerMessage(LogLevel.Warning, "{Message}")]
    public static partial void Warn(ILogger log, string message);

    /// <summary>Tells what was found.</summary>
    [LoggerMessage(LogLevel.Information, "{Message}")]
    public static partial void Tell(ILogger log, string message);
}
