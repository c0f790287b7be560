using System.CommandLine;
using Microsoft.ML.ArcFace.Samples.Support;

namespace Microsoft.ML.ArcFace.Samples;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>Writes folders of photographs in the formats that InsightFace trains and verifies with.</summary>
internal static class Pack
{
    private const string Description = """
        Writes a folder of photographs as a RecordIO set, and pairs of a test folder as a .bin. Examples:
          Pack --data faces/train --output packed
          Pack --data faces/train --output packed --test faces/test --pairs faces/pairs.txt
        """;

    public static void Run(string data, string output, string? test, string? pairs)
    {
        FaceRecognitionCatalog faces = new MLContext().FaceRecognition();
        Directory.CreateDirectory(output);
        string records = Path.Combine(output, "train.rec");
        faces.SaveAsRecordIO(faces.LoadFromFolder(data), records);
        Console.WriteLine($"Wrote {records}: {faces.LoadFromRecordIO(records).GetRowCount()} photographs, with .idx, property and identities.txt");
        if (test is not null && pairs is not null)
        {
            string bin = Path.Combine(output, "test.bin");
            faces.SaveAsVerificationBin(faces.LoadFromFolder(test), faces.LoadPairs(pairs), bin);
            Console.WriteLine($"Wrote {bin}: {faces.LoadFromVerificationBin(bin).Pairs.Count} pairs");
        }
    }

    public static Command CreateCommand()
    {
        var data = new Option<DirectoryInfo>("--data") { Description = "Aligned photographs, one folder a person.", HelpName = "DIR", Required = true };
        var output = new Option<DirectoryInfo>("--output") { Description = "Where the files go.", HelpName = "DIR", Required = true };
        var test = new Option<DirectoryInfo?>("--test") { Description = "Photographs that the pairs name.", HelpName = "DIR" };
        var pairs = new Option<FileInfo?>("--pairs") { Description = "Pairs in the format of LFW's pairs.txt.", HelpName = "FILE" };
        var command = new Command("Pack", Description) { data, output, test, pairs };
        command.Validators.Add(result =>
        {
            if (result.GetValue(test) is null != result.GetValue(pairs) is null)
            {
                result.AddError("--test (the photographs) and --pairs (which of them to compare) go together.");
            }
        });
        command.SetSample((parsed, _) => Run(
            parsed.GetRequiredValue(data).FullName, parsed.GetRequiredValue(output).FullName, parsed.GetValue(test)?.FullName, parsed.GetValue(pairs)?.FullName));
        return command;
    }
}
