using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Data;

/// <summary>Reads the photographs of a column once, so that what cannot be read is known before long work starts.</summary>
internal static class PhotographCheck
{
    private const int ProblemsInMessage = 5;

    /// <returns>How many photographs there are.</returns>
    /// <exception cref="InvalidOperationException">There is none, or some cannot be read.</exception>
    public static int Run(IHostEnvironment environment, IDataView data, string imageColumnName)
    {
        DataViewSchema.Column column = PhotographColumn.Find(environment, data.Schema, imageColumnName);
        using IChannel channel = environment.Start(nameof(PhotographCheck));
        using DataViewRowCursor cursor = data.GetRowCursor([column]);
        Func<Photograph?> getPhotograph = PhotographColumn.CreateGetter(cursor, column);
        var problems = new List<string>();
        int rows = 0, unreadable = 0;
        while (cursor.MoveNext())
        {
            rows++;
            if (ProblemOf(getPhotograph, cursor.Position) is { } problem && ++unreadable <= ProblemsInMessage)
            {
                problems.Add(problem);
            }
        }

        if (rows == 0)
        {
            throw new InvalidOperationException($"There are no photographs to check: the column '{imageColumnName}' has no rows. Look at the folder, the list or the filter that they come from.");
        }

        if (unreadable > 0)
        {
            string others = unreadable > problems.Count ? $" And {unreadable - problems.Count} more." : "";
            throw new InvalidOperationException($"{unreadable} of {rows} photographs cannot be read. {string.Join(' ', problems)}{others} Replace or remove them.");
        }

        channel.Info($"{rows} photographs were read; none is damaged.");
        return rows;
    }

    private static string? ProblemOf(Func<Photograph?> getPhotograph, long row)
    {
        try
        {
            using Photograph? photograph = getPhotograph();
            return photograph is null ? $"Row {row} has no image." : null;
        }
        catch (FaceImageException exception)
        {
            return exception.Message;
        }
    }
}
