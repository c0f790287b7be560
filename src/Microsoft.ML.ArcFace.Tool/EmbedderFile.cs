using System.CommandLine;
using Microsoft.ML.ArcFace.Progress;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>The model of a command that takes photographs one by one.</summary>
internal static class EmbedderFile
{
    /// <summary>Loads it.</summary>
    public static FaceEmbedder Open(ToolRun run, Option<FileInfo> model, double? cosine = null)
    {
        using WorkMeter meter = run.Begin("models loaded", total: 1);
        var options = new FaceEmbedder.Options
        {
            Cosine = cosine, ReloadInterval = null, RequireAligned = run.Get(AlignedPhotographs.Required), GpuDeviceId = run.Get(ToolCommand.Gpu),
            TemporaryFolder = run.Get(ToolCommand.TemporaryFolder)?.FullName,
        };
        var embedder = new FaceEmbedder(run.Need(model).FullName, options, logger: AlignedPhotographs.Logger(run));
        meter.Advance();
        return embedder;
    }

    /// <summary>Loads it where there must be a threshold to answer by.</summary>
    /// <exception cref="InvalidOperationException">The model has none, and none was given.</exception>
    public static FaceEmbedder OpenCalibrated(ToolRun run, Option<FileInfo> model, double? cosine)
    {
        FaceEmbedder embedder = Open(run, model, cosine);
        if (cosine is null && embedder.Threshold is null)
        {
            embedder.Dispose();
            string file = run.Need(model).ToString();
            throw new InvalidOperationException($"'{file}' has no threshold to answer by. Choose one on people whom it was not trained on (arcface calibrate --model {file} --data PEOPLE), or give one with --cosine.");
        }

        return embedder;
    }
}
