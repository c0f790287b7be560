using System.CommandLine;

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

    public static Command Create()
    {
        var command = new Command("pack", Description) { Data, Pairs, ComparedPairs.PicturePattern, ComparedPairs.Encoding, Output };
        command.Answer(Run);
        return command;
    }

    private static ToolAnswer Run(ToolRun run)
    {
        DirectoryInfo folder = Directory.CreateDirectory(run.Need(Output).FullName);
        FaceRecognitionCatalog faces = run.FaceRecognition(run.CreateContext());
        IDataView photographs = run.LoadFromFolder(faces, run.Need(Data));
        if (run.Get(Pairs) is { } file)
        {
            string bin = Path.Combine(folder.FullName, "pairs.bin");
            faces.SaveAsVerificationBin(photographs, ComparedPairs.Load(run, faces, file), bin);
            int pairs = faces.LoadFromVerificationBin(bin).Pairs.Count;
            return new ToolAnswer(new PackedPairsFacts(bin, pairs, run.LeftOut), $"Wrote {bin}: {pairs} pairs");
        }

        string records = Path.Combine(folder.FullName, "train.rec");
        faces.SaveAsRecordIO(photographs, records);
        long? count = faces.LoadFromRecordIO(records).GetRowCount();
        return new ToolAnswer(new PackedPhotographsFacts(records, count, run.LeftOut), $"Wrote {records}: {count} photographs, with .idx, property and identities.txt");
    }
}

/// <summary>Describes the .bin that was written.</summary>
internal sealed record PackedPairsFacts(string Output, int Pairs, IReadOnlyList<LeftOutFiles> LeftOut) : ToolFacts;

/// <summary>Describes the RecordIO set that was written.</summary>
internal sealed record PackedPhotographsFacts(string Output, long? Photographs, IReadOnlyList<LeftOutFiles> LeftOut) : ToolFacts;
