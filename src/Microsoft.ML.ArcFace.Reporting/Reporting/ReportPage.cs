namespace Microsoft.ML.ArcFace.Reporting;

/// <summary>What a report shows, in the order of the page. Texts are plain; the template encodes them.</summary>
internal sealed record ReportPage
{
    public required string Title { get; init; }

    /// <summary>The line below it; empty: none.</summary>
    public required string Description { get; init; }

    public required string Created { get; init; }

    /// <summary>The meaning of the evaluation in one sentence.</summary>
    public required string Verdict { get; init; }

    /// <summary>The reasons why the rates may say less than they seem to, a sentence or two each.</summary>
    public required string[] Warnings { get; init; }

    /// <summary>The numbers at the top.</summary>
    public required ReportFact[] Headline { get; init; }

    public required ReportThreshold Threshold { get; init; }

    public required RateRow[] Rates { get; init; }

    public required ReportChart[] Charts { get; init; }

    public required MistakeList[] Mistakes { get; init; }

    /// <summary>The people who are shown.</summary>
    public required PersonRow[] People { get; init; }

    /// <summary>The people below them, folded.</summary>
    public required PersonRow[] MorePeople { get; init; }

    /// <summary>People beyond those of the table.</summary>
    public required int PeopleLeftOut { get; init; }

    public required GroupRow[] Groups { get; init; }

    /// <summary>What is said below the table of groups.</summary>
    public required string GroupNote { get; init; }

    public required RateRow[] Identification { get; init; }

    /// <summary>How the searches were made, a sentence or two.</summary>
    public required string IdentificationNote { get; init; }

    public required FactTable[] Facts { get; init; }

    public required string[] Commands { get; init; }

    /// <summary>Whether there are photographs on the page.</summary>
    public bool HasPictures => Mistakes.SelectMany(list => list.Pairs).Any(pair => pair.First.IsShown || pair.Second.IsShown);
}

/// <summary>A name and what stands beside it.</summary>
internal sealed record ReportFact(string Name, string Value, string Note = "");

/// <summary>Facts of one kind.</summary>
internal sealed record FactTable(string Title, ReportFact[] Facts);

/// <summary>The cosine that pairs are judged by, where it comes from, and its errors.</summary>
internal sealed record ReportThreshold(string Cosine, string Source, string FalseMatch, string FalseNonMatch);

/// <summary>A rate with its interval and what it was counted over.</summary>
internal sealed record RateRow(string Name, string Value, string Interval, string Over);

/// <summary>A chart as SVG.</summary>
internal sealed record ReportChart(string Id, string Title, string Description, string Svg, LegendEntry[] Legend);

/// <summary>Holds a name and its marker as SVG.</summary>
internal sealed record LegendEntry(string Name, string Marker);

/// <summary>The worst pairs of a kind.</summary>
internal sealed record MistakeList(string Id, string Title, string Note, Mistake[] Pairs);

/// <summary>Two pictures that look more, or less, alike than they should.</summary>
internal sealed record Mistake(PictureCell First, PictureCell Second, string Cosine, bool IsError);

/// <summary>A picture: its photograph as a data URI, or the word for why it is not shown.</summary>
internal sealed record PictureCell(string Name, string Person, string DataUri, string Problem)
{
    public bool IsShown => DataUri.Length > 0;
}

/// <summary>A person's line of the table.</summary>
internal sealed record PersonRow(
    string Person, int Pictures, int GenuinePairs, int FalseNonMatches, string LowestGenuine, int ImpostorPairs, int FalseMatches, string HighestImpostor, string NearestPerson)
{
    public bool HasErrors => FalseNonMatches + FalseMatches > 0;
}

/// <summary>A group's line of the table.</summary>
internal sealed record GroupRow(string Group, string Pictures, string FalseMatch, string FalseNonMatch);
