using System.CommandLine;
using Microsoft.Extensions.Logging;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>Warns of photographs that are no aligned faces when they reach the model, or refuses them.</summary>
internal static class AlignedPhotographs
{
    /// <summary>Asks to refuse them.</summary>
    public static Option<bool> Required { get; } = new("--require-aligned")
    {
        Description = "Refuse photographs that are no aligned faces of 112×112 pixels, and that no detector of the model aligns. Default: they are cropped and resized, with one warning.",
    };

    /// <summary>Says what a <see cref="FaceEmbedder"/> warns of.</summary>
    public static ILogger<FaceEmbedder> Logger(ToolRun run) => new SayingLogger(run);

    private sealed class SayingLogger(ToolRun run) : ILogger<FaceEmbedder>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                run.Say(ToolWords.Of(formatter(state, exception)));
            }
        }
    }
}
