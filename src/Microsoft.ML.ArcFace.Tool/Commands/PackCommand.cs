using System.CommandLine;
using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace.Tool.Commands;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>arcface pack: folders of photographs as InsightFace's files.</summary>
internal static class PackCommand
{
    private const string Description = """
        Writes a folder of photographs as a RecordIO set, and pairs as a .bin, which InsightFace reads. Examples:
          arcface pack --data faces/train --output packed
          arcface pack --data faces/test --pairs pairs.txt --output packed
        """;

    private static readonly Option<DirectoryInfo> Data = FileOptions.People("What to pack");
    private static readonly Option<FileInfo> Pairs = FileOptions.Existing(new Option<FileInfo>("--pairs") { Description = "Pairs of --data in the format of LFW's pairs.txt: writes pairs.bin instead of train.rec.", HelpName = "FILE" });
    private static readonly Option<DirectoryInfo> Output = new("--output") { Description = "Where the files go.", HelpName = "DIR", Required = true };
    private static readonly Option<bool> SkipUnusable = new("--skip-unusable") { Description = "Leave out photographs that cannot be read, and count them, instead of ending with an error." };

    public static Command Create()
    {
        var command = new Command("pack", Description) { Data, Pairs, ComparedPairs.PicturePattern, ComparedPairs.Encoding, Output, SkipUnusable };
        command.Answer(Run);
        return command;
    }

    private static ToolAnswer Run(ToolRun run)
    {
        DirectoryInfo folder = Directory.CreateDirectory(run.Need(Output).FullName);
        MLContext ml = run.CreateContext();
        FaceRecognitionCatalog faces = run.FaceRecognition(ml);
        UsablePhotographs photographs = Photographs(run, ml, faces);
        if (run.Get(Pairs) is { } file)
        {
            string bin = Path.Combine(folder.FullName, "pairs.bin");
            faces.SaveAsVerificationBin(photographs.Rows, photographs.WithoutUnusable(run, ml, ComparedPairs.Load(run, faces, file)), bin);
            int pairs = faces.LoadFromVerificationBin(bin).Pairs.Count;
            return new ToolAnswer(new PackedPairsFacts(bin, pairs, photographs.Unusable, run.LeftOut), $"Wrote {Terminal.TerminalText.OfLine(bin)}: {Counted.Of(pairs, "pair")}");
        }

        string records = Path.Combine(folder.FullName, "train.rec");
        faces.SaveAsRecordIO(photographs.Rows, records);
        long? count = faces.LoadFromRecordIO(records).GetRowCount();
        return new ToolAnswer(new PackedPhotographsFacts(records, count, photographs.Unusable, run.LeftOut), $"Wrote {Terminal.TerminalText.OfLine(records)}: {Counted.Of(count ?? 0, "photograph")}, with .idx, property and identities.txt");
    }

    private static UsablePhotographs Photographs(ToolRun run, MLContext ml, FaceRecognitionCatalog faces)
    {
        IDataView all = run.LoadFromFolder(faces, run.Need(Data), run.Get(SkipUnusable));
        return run.Get(SkipUnusable)
            ? UsablePhotographs.Find(run, all, ml.Transforms.LoadFaceImages("Image", "ImagePath", unreadableImages: UnreadableImages.Skip).Fit(all), "Image")
            : UsablePhotographs.All(all);
    }
}

/// <summary>Describes the .bin that was written.</summary>
internal sealed record PackedPairsFacts(string Output, int Pairs, string[] Unusable, IReadOnlyList<LeftOutFiles> LeftOut) : ToolFacts;

/// <summary>Describes the RecordIO set that was written.</summary>
internal sealed record PackedPhotographsFacts(string Output, long? Photographs, string[] Unusable, IReadOnlyList<LeftOutFiles> LeftOut) : ToolFacts;
