using System.CommandLine;
using System.Globalization;
using Microsoft.ML.ArcFace.Terminal;

namespace Microsoft.ML.ArcFace.Tool.Commands;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>arcface verify: do two photographs show the same person?</summary>
internal static class VerifyCommand
{
    private const string Description = """
        Tells whether two photographs show the same person: exit code 0 if so, 3 if not. Examples:
          arcface verify --model faces.zip a.jpg b.jpg
          arcface verify --model faces.zip a.jpg b.jpg --cosine 0.4 --json
        """;

    private static readonly Option<FileInfo> Model = FileOptions.Model();
    private static readonly Argument<FileInfo> First = FileOptions.Existing(new Argument<FileInfo>("first") { Description = "A photograph." });
    private static readonly Argument<FileInfo> Second = FileOptions.Existing(new Argument<FileInfo>("second") { Description = "The other." });
    private static readonly Option<double?> Cosine = NumberOption.Real("--cosine", "The threshold. Default: the model's, which calibrate chose", "-1 to 1", value => value is >= -1 and <= 1, 0.4);

    public static Command Create()
    {
        var command = new Command("verify", Description) { Model, First, Second, Cosine, AlignedPhotographs.Required, ToolCommand.Gpu, ToolCommand.Threads };
        command.Answer(Run, stopped: "Nothing was kept; this command writes no files.");
        return command;
    }

    private static ToolAnswer Run(ToolRun run)
    {
        using FaceEmbedder embedder = EmbedderFile.OpenCalibrated(run, Model, run.Get(Cosine));
        FaceVerification answer = embedder.Verify(FacePhotograph.FromFile(run.Need(First).FullName), FacePhotograph.FromFile(run.Need(Second).FullName));
        return new ToolAnswer(
            new VerifyFacts(answer.IsSamePerson, answer.Score, answer.Threshold, answer.Margin, [answer.FirstFaceCount, answer.SecondFaceCount], embedder.UnalignedImageCount),
            string.Create(CultureInfo.InvariantCulture, $"{(answer.IsSamePerson ? "same person" : "different people")}  score {answer.Score:F4}  threshold {answer.Threshold:F4}  margin {answer.Margin:+0.0000;-0.0000}{Faces(answer)}"),
            answer.IsSamePerson ? ExitCode.Done : ExitCode.No);
    }

    private static string Faces(FaceVerification answer) =>
        answer.FirstFaceCount > 1 || answer.SecondFaceCount > 1 ? $"  of the main faces; there are {answer.FirstFaceCount} and {answer.SecondFaceCount}" : "";
}

/// <summary>Tells whether it is the same person.</summary>
internal sealed record VerifyFacts(bool SamePerson, double Score, double Threshold, double Margin, int?[] Faces, long NotAligned) : ToolFacts;
