using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>Photographs of a folder, one folder a person, without those that <c>--skip-unusable</c> leaves out.</summary>
/// <param name="Rows">ImagePath, Label and RelativePath of each.</param>
/// <param name="Unusable">The paths of those that cannot be read or show no face.</param>
/// <param name="AllNames">The relative paths of all, those that were left out among them.</param>
/// <param name="UnusableNames">The relative paths of those that were left out.</param>
internal sealed record UsablePhotographs(IDataView Rows, string[] Unusable, IReadOnlyList<string> AllNames, IReadOnlySet<string> UnusableNames)
{
    private const string Path = nameof(FaceFile.ImagePath), Name = nameof(FaceFile.RelativePath), Label = nameof(FaceFile.Label);

    /// <summary>Takes all; what cannot be used ends the work with an error when it is come to.</summary>
    public static UsablePhotographs All(IDataView photographs) => new(photographs, [], [], new HashSet<string>());

    /// <summary>Reads each photograph, and leaves out those that come to no image. Nothing is embedded.</summary>
    /// <param name="run">The command; tells what is left out.</param>
    /// <param name="photographs">The photographs of a folder.</param>
    /// <param name="preparation">From a photograph to the image: loads, and with a detector finds and aligns the face; it gives null for what cannot be used.</param>
    /// <param name="imageColumnName">The column of images.</param>
    /// <exception cref="InvalidOperationException">Nothing was left.</exception>
    public static UsablePhotographs Find(ToolRun run, IDataView photographs, ITransformer preparation, string imageColumnName)
    {
        FaceFile[] files = [.. photographs.GetColumn<string>(Path).Zip(photographs.GetColumn<string>(Name), photographs.GetColumn<string>(Label)).Select(one => new FaceFile("", one.First, one.Second, one.Third))];
        bool[] isUsable = AreUsable(run, preparation.Transform(photographs), imageColumnName, files.Length);
        FaceFile[] unusable = [.. files.Where((_, index) => !isUsable[index])];
        foreach (FaceFile file in unusable)
        {
            run.Say($"left out: '{file.ImagePath}' cannot be read, or shows no face");
        }

        return unusable.Length == files.Length
            ? throw new InvalidOperationException($"None of the {files.Length} photographs could be used. The first is '{files[0].ImagePath}'.")
            : new UsablePhotographs(
                unusable.Length == 0 ? photographs : FaceFile.ToView([.. files.Where((_, index) => isUsable[index])]),
                [.. unusable.Select(file => file.ImagePath)], [.. files.Select(file => file.RelativePath)], unusable.Select(file => file.RelativePath).ToHashSet(StringComparer.Ordinal));
    }

    /// <summary>Leaves out pairs that name a photograph that was left out, and says how many.</summary>
    public IReadOnlyList<FacePair> WithoutUnusable(ToolRun run, MLContext ml, IReadOnlyList<FacePair> pairs)
    {
        if (UnusableNames.Count == 0)
        {
            return pairs;
        }

        IReadOnlyList<FacePair> named = PairedRows.Find(ml, AllNames, pairs, Name);
        FacePair[] kept = [.. named.Where(pair => !UnusableNames.Contains(pair.First) && !UnusableNames.Contains(pair.Second))];
        if (kept.Length < pairs.Count)
        {
            run.Say($"{pairs.Count - kept.Length} of the {pairs.Count} pairs name photographs that were left out, and are left out with them.");
        }

        return kept;
    }

    private static bool[] AreUsable(ToolRun run, IDataView prepared, string imageColumnName, int count)
    {
        DataViewSchema.Column column = prepared.Schema[imageColumnName];
        bool[] isUsable = new bool[count];
        using WorkMeter meter = run.Begin("photographs looked at", count);
        using DataViewRowCursor cursor = prepared.GetRowCursor([column]);
        ValueGetter<MLImage?> getImage = cursor.GetGetter<MLImage?>(column);
        MLImage? image = null;
        while (cursor.MoveNext())
        {
            getImage(ref image);
            isUsable[cursor.Position] = image is not null;
            meter.Advance();
        }

        image?.Dispose();
        return isUsable;
    }
}
