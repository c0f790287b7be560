using SkiaSharp;

namespace Microsoft.ML.ArcFace.Samples.Drawing;

/// <summary>Draws hair behind and in front of the head, and beards.</summary>
internal static class HairPainter
{
    private const float SkullTop = -64;

    public static void DrawBehind(FaceCanvas face, DrawnPerson person)
    {
        HairTraits hair = person.Hair;
        SKColor shaded = Colours.Scale(hair.Colour, 0.62f);
        DrawBackOfHead(face, person);
        float width = person.Head.CheekWidth;
        float bulk = 3 + (hair.Volume * 7);
        switch (hair.Style)
        {
            case HairStyle.Bob:
                FillBehind(face, width + bulk, 44 + (hair.Volume * 14), shaded);
                break;
            case HairStyle.LongStraight:
                FillBehind(face, width + bulk, 100, shaded);
                break;
            case HairStyle.LongWavy:
                FillBehind(face, width + bulk + 5, 100, shaded);
                break;
            case HairStyle.Curly:
                FillBehind(face, width + bulk + 3, 20 + (hair.Volume * 20), shaded);
                break;
        }
    }

    public static void DrawFront(FaceCanvas face, DrawnPerson person, Shot shot)
    {
        HairTraits hair = person.Hair;
        if (hair.Style == HairStyle.Bald)
        {
            return;
        }

        HeadTraits head = person.Head;
        SKPoint[] cap = Cap(face, head, hair);
        SKColor colour = hair.Style == HairStyle.Cropped ? Colours.Fade(hair.Colour, 0.6f + (0.4f * hair.Volume)) : hair.Colour;
        face.Fill(cap, colour, hair.Style == HairStyle.Cropped ? 0.9f : 0.3f);
        if (hair.IsLong)
        {
            DrawSideLocks(face, person);
        }

        if (hair.Style == HairStyle.Curly)
        {
            DrawCurls(face, person);
        }
        else
        {
            face.Clip(cap);
            DrawStrands(face, person, shot);
            face.Unclip();
        }
    }

    public static void DrawBeard(FaceCanvas face, DrawnPerson person, Shot shot)
    {
        BeardTraits beard = person.Beard;
        HeadTraits head = person.Head;
        float density = Math.Clamp(beard.Density * shot.BeardGrowth, 0, 1);
        float lip = person.Mouth.Y - person.Mouth.UpperLip;
        float mouth = person.Mouth.HalfWidth;
        if (beard.Style is BeardStyle.Stubble or BeardStyle.Full)
        {
            bool full = beard.Style == BeardStyle.Full;
            SKColor colour = Colours.Fade(beard.Colour, density * (full ? 0.88f : 0.3f));
            face.Clip(HeadPainter.Outline(face, head with { ChinY = head.ChinY + (full ? 4 : 0) }));
            face.Fill(
                [
                    face.At(-head.CheekWidth - 1, 6, 6), face.On(-head.JawWidth * 0.84f, 25), face.On(-mouth - 4, lip - 4), face.On(0, lip - 5), face.On(mouth + 4, lip - 4),
                    face.On(head.JawWidth * 0.84f, 25), face.At(head.CheekWidth + 1, 6, 6), face.At(head.JawWidth + 6, 44, 0), face.At(head.ChinWidth + 6, head.ChinY + 2, 0),
                    face.At(0, head.ChinY + 8, 8), face.At(-head.ChinWidth - 6, head.ChinY + 2, 0), face.At(-head.JawWidth - 6, 44, 0),
                ],
                colour, full ? 1.2f : 2);
            face.Unclip();
        }

        SKColor hair = Colours.Fade(beard.Colour, density * 0.9f);
        if (beard.Style is BeardStyle.Moustache or BeardStyle.Goatee or BeardStyle.Full)
        {
            face.Fill(
                [
                    face.On(-mouth - 2, lip + 4), face.On(-mouth * 0.7f, lip - 2.5f), face.On(0, lip - 5), face.On(mouth * 0.7f, lip - 2.5f),
                    face.On(mouth + 2, lip + 4), face.On(mouth * 0.55f, lip + 1), face.On(0, lip), face.On(-mouth * 0.55f, lip + 1),
                ],
                hair, 0.6f);
        }

        if (beard.Style == BeardStyle.Goatee)
        {
            float below = person.Mouth.Y + person.Mouth.LowerLip + 3;
            face.Fill(
                [face.On(-mouth * 0.6f, below), face.On(0, below - 1.5f), face.On(mouth * 0.6f, below), face.At(mouth * 0.55f, head.ChinY - 2, 20), face.At(0, head.ChinY + 2, 20), face.At(-mouth * 0.55f, head.ChinY - 2, 20)],
                hair, 0.9f);
        }
    }

    /// <summary>What a turned head shows behind the ear.</summary>
    private static void DrawBackOfHead(FaceCanvas face, DrawnPerson person)
    {
        float width = person.Head.CheekWidth - 2;
        SKColor colour = person.Hair.Style == HairStyle.Bald ? Colours.Scale(person.Skin.Colour, 0.85f) : Colours.Scale(person.Hair.Colour, 0.8f);
        face.Fill(
            [
                face.At(0, SkullTop, -6), face.At(width * 0.8f, -46, -28), face.At(width * 0.9f, -16, -38), face.At(width * 0.85f, 14, -32), face.At(width * 0.7f, 30, -14),
                face.At(-width * 0.7f, 30, -14), face.At(-width * 0.85f, 14, -32), face.At(-width * 0.9f, -16, -38), face.At(-width * 0.8f, -46, -28),
            ],
            colour);
    }

    private static void FillBehind(FaceCanvas face, float halfWidth, float length, SKColor colour) => face.Fill(
        [
            face.At(0, SkullTop - 6, -10), face.At(halfWidth * 0.75f, -56, -12), face.At(halfWidth, -20, -14), face.At(halfWidth + 1, 20, -14), face.At(halfWidth * 0.95f, length, -14),
            face.At(0, length + 4, -24), face.At(-halfWidth * 0.95f, length, -14), face.At(-halfWidth - 1, 20, -14), face.At(-halfWidth, -20, -14), face.At(-halfWidth * 0.75f, -56, -12),
        ],
        colour, 0.8f);

    /// <summary>The hair on top of the head, from the skull down to the hairline.</summary>
    private static SKPoint[] Cap(FaceCanvas face, HeadTraits head, HairTraits hair)
    {
        float line = hair.Style == HairStyle.Fringe ? -20 + (hair.Volume * 4) : hair.HairlineY;
        float corner = hair.Style == HairStyle.Fringe ? 4 : -hair.Recession * 9;
        float tilt = hair.Style is HairStyle.SidePart or HairStyle.Bob or HairStyle.LongStraight ? hair.Parting * 5 : 0;
        float peak = hair.Style == HairStyle.Quiff ? 2.5f : hair.Recession * 3;
        float bulk = hair.Style switch { HairStyle.Cropped => 1, HairStyle.Quiff => 7, HairStyle.TiedBack => 2, _ => 3 + (hair.Volume * 5) };
        float burns = hair.IsLong ? 16 : hair.Style == HairStyle.TiedBack ? -4 : 4 + (hair.Volume * 10);
        float temple = head.ForeheadWidth;
        return
        [
            face.At(0, SkullTop - bulk, 0), face.Edge(temple * 0.72f, -56 - (bulk * 0.8f), 0), face.Edge(temple + (bulk * 0.7f), -32, -2), face.Edge(temple + (bulk * 0.6f), -12, -2), face.Edge(head.CheekWidth + 1, burns, 0),
            face.Edge(head.CheekWidth - 3.5f, burns - 1, 10), face.On(temple * 0.86f, -14), face.On(temple * 0.72f, line + 5 + corner + tilt), face.On(temple * 0.36f, line + (corner * 0.4f) + (tilt * 0.6f)),
            face.On(0, line + peak), face.On(-temple * 0.36f, line + (corner * 0.4f) - (tilt * 0.6f)), face.On(-temple * 0.72f, line + 5 + corner - tilt), face.On(-temple * 0.86f, -14),
            face.Edge(-head.CheekWidth + 3.5f, burns - 1, 10), face.Edge(-head.CheekWidth - 1, burns, 0), face.Edge(-temple - (bulk * 0.6f), -12, -2), face.Edge(-temple - (bulk * 0.7f), -32, -2), face.Edge(-temple * 0.72f, -56 - (bulk * 0.8f), 0),
        ];
    }

    private static void DrawSideLocks(FaceCanvas face, DrawnPerson person)
    {
        HairTraits hair = person.Hair;
        float width = person.Head.CheekWidth;
        float bulk = 2 + (hair.Volume * 6);
        float length = hair.Style == HairStyle.Bob ? 42 + (hair.Volume * 14) : 100;
        float wave = hair.Style == HairStyle.LongWavy ? 3.5f : 0.6f;
        float inward = 2 + (hair.Recession * 4);
        foreach (int side in (ReadOnlySpan<int>)[-1, 1])
        {
            ReadOnlySpan<SKPoint> lock_ =
            [
                face.Edge(side * width * 0.9f, -40, 4), face.Edge(side * (width + bulk), -14, 2), face.Edge(side * (width + bulk + wave), 14, 2), face.Edge(side * (width + bulk), 36, 2), face.Edge(side * (width + bulk + wave), length, 0),
                face.Edge(side * (width - inward - 4), length - 3, 4), face.Edge(side * (width - inward + wave), 34, 6), face.Edge(side * (width - inward), 10, 10), face.Edge(side * (width - inward + 1), -14, 12),
            ];
            face.Fill(lock_, Colours.Scale(hair.Colour, 0.92f), 0.4f);
            face.Line([lock_[1], lock_[2], lock_[3], lock_[4]], Colours.Scale(hair.Colour, 1.3f), 1, 0.5f);
            face.Line([lock_[8], lock_[7], lock_[6], lock_[5]], Colours.Scale(hair.Colour, 0.55f), 1.2f, 0.5f);
        }
    }

    private static void DrawCurls(FaceCanvas face, DrawnPerson person)
    {
        const int Curls = 64;
        HairTraits hair = person.Hair;
        var random = new SeededRandom(hair.StrandSeed);
        float temple = person.Head.ForeheadWidth;
        for (int i = 0; i < Curls; i++)
        {
            (float sine, float cosine) = MathF.SinCos(MathF.PI * ((1.16f * i / (Curls - 1)) - 0.08f));
            float outward = random.Range(0, 1);
            float reachX = (temple * 0.93f) + (outward * (3 + (hair.Volume * 8)));
            float reachY = -hair.HairlineY - 6 + (outward * (62 + (hair.Volume * 4) + hair.HairlineY));
            float radius = random.Range(3, 5.5f);
            SKColor colour = Colours.Scale(hair.Colour, random.Range(0.7f, 1.25f));
            SKPoint curl = face.Edge(cosine * reachX, -8 - (sine * reachY), 14 * (1 - outward));
            face.Dot(curl, radius, colour);
        }
    }

    private static void DrawStrands(FaceCanvas face, DrawnPerson person, Shot shot)
    {
        HairTraits hair = person.Hair;
        var random = new SeededRandom(hair.StrandSeed);
        var fall = new SeededRandom(shot.DetailSeed, 3);
        float temple = person.Head.ForeheadWidth;
        float root = hair.Parting * temple * 0.5f;
        for (int i = 0; i < 26; i++)
        {
            float end = random.Range(-1.1f, 1.1f) * temple;
            float start = hair.Style == HairStyle.Fringe ? end * 0.6f : root + ((end - root) * 0.25f);
            float bottom = MathF.Abs(end) > temple * 0.75f ? 0 : hair.HairlineY + 6;
            float tone = random.Range(0.6f, 1.45f);
            end += fall.Normal(1);
            face.Line(
                [face.At(start, SkullTop - 4, 6), face.On((start + end) * 0.5f, -50), face.On(end, bottom + (hair.Style == HairStyle.Fringe ? 8 : 0))],
                Colours.Fade(Colours.Scale(hair.Colour, tone), 0.45f), random.Range(0.8f, 2.2f));
        }
    }
}
