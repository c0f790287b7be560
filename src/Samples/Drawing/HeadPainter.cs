using SkiaSharp;

namespace Microsoft.ML.ArcFace.Samples.Drawing;

/// <summary>Draws neck, ears, the bare head, and the marks that age and sun leave on the skin.</summary>
internal static class HeadPainter
{
    public static void DrawNeck(FaceCanvas face, DrawnPerson person, Shot shot)
    {
        var random = new SeededRandom(shot.DetailSeed, 2);
        float width = person.Head.JawWidth * 0.82f;
        face.Fill(
            [
                face.At(-width, 30, -12), face.At(width, 30, -12), face.At(width, 72, -16), face.At(width + 22, 90, -16),
                face.At(width + 22, 130, -16), face.At(-width - 22, 130, -16), face.At(-width - 22, 90, -16), face.At(-width, 72, -16),
            ],
            Colours.Scale(person.Skin.Colour, 0.72f));
        var cloth = new SKColor((byte)random.Below(230), (byte)random.Below(230), (byte)random.Below(230));
        float collar = random.Range(74, 86);
        face.Fill(
            [
                face.At(-80, 96, -16), face.At(-width - 6, collar, -12), face.At(0, collar + random.Range(6, 20), -4), face.At(width + 6, collar, -12),
                face.At(80, 96, -16), face.At(80, 150, -16), face.At(-80, 150, -16),
            ],
            cloth);
    }

    public static void DrawEars(FaceCanvas face, DrawnPerson person)
    {
        HeadTraits head = person.Head;
        SKColor skin = person.Skin.Colour;
        foreach (int side in (ReadOnlySpan<int>)[-1, 1])
        {
            float x = side * (head.CheekWidth + 0.5f);
            float outer = x + (side * head.EarProtrusion);
            float size = head.EarSize;
            face.Fill(
                [
                    face.At(x, 6 - size, 0), face.At(outer + side, 4 - size, -6), face.At(outer + (side * 1.6f), 5, -8),
                    face.At(outer, 5 + (size * 0.8f), -5), face.At(x, 8 + size, 0), face.At(x - (side * 5), 6, 4),
                ],
                Colours.Mix(skin, new SKColor(0xB0, 0x50, 0x48), 0.14f));
            face.Line(
                [face.At(x + side, 7 - size, -3), face.At(outer, 5, -7), face.At(x + side, 4 + (size * 0.6f), -3)], Colours.Scale(skin, 0.72f), 1);
        }
    }

    public static void DrawHead(FaceCanvas face, DrawnPerson person)
    {
        SKColor skin = person.Skin.Colour;
        face.Fill(Outline(face, person.Head), skin);
        SKColor blush = Colours.Fade(new SKColor(0xD0, 0x48, 0x40), 0.1f + (0.4f * person.Skin.Redness));
        face.Oval(-person.Head.CheekWidth * 0.55f, 23, 9, 7, blush, 3);
        face.Oval(person.Head.CheekWidth * 0.55f, 23, 9, 7, blush, 3);
        DrawMarks(face, person.Skin);
        DrawLines(face, person);
    }

    /// <summary>The closed outline of skull and jaw.</summary>
    public static SKPoint[] Outline(FaceCanvas face, HeadTraits head)
    {
        float chin = head.ChinY;
        ReadOnlySpan<(float X, float Y)> right =
        [
            (head.ForeheadWidth * 0.62f, -56), (head.ForeheadWidth * 0.95f, -36), (head.ForeheadWidth, -16), (head.CheekWidth, 6),
            (head.CheekWidth - (3 * (1 - head.CheekBones)), 20), (head.JawWidth, 36), (head.ChinWidth + ((head.JawWidth - head.ChinWidth) * 0.55f), 50), (head.ChinWidth, chin - 4),
        ];
        var outline = new SKPoint[(2 * right.Length) + 2];
        outline[0] = face.At(0, -62, 0);
        outline[right.Length + 1] = face.At(0, chin, 8);
        for (int i = 0; i < right.Length; i++)
        {
            float z = right[i].Y > 30 ? 6 : 0;
            outline[i + 1] = face.Edge(right[i].X, right[i].Y, z);
            outline[^(i + 1)] = face.Edge(-right[i].X, right[i].Y, z);
        }

        return outline;
    }

    private static void DrawMarks(FaceCanvas face, SkinTraits skin)
    {
        var random = new SeededRandom(skin.MarkSeed);
        SKColor mark = Colours.Mix(Colours.Scale(skin.Colour, 0.6f), new SKColor(0x7A, 0x3E, 0x20), 0.4f);
        int freckles = (int)(skin.Freckles * 70);
        for (int i = 0; i < freckles; i++)
        {
            face.Oval(random.Normal(14), 14 + random.Normal(6), 0.6f, 0.6f, Colours.Fade(mark, random.Range(0.25f, 0.6f)));
        }

        for (int i = 0; i < skin.Moles; i++)
        {
            float radius = random.Range(0.6f, 1.4f);
            face.Oval(random.Range(-27, 27), random.Range(8, 52), radius, radius, Colours.Scale(mark, 0.7f));
        }
    }

    private static void DrawLines(FaceCanvas face, DrawnPerson person)
    {
        float age = person.Skin.Age;
        SKColor line = Colours.Fade(Colours.Scale(person.Skin.Colour, 0.6f), Math.Clamp(age * 0.8f, 0, 0.7f));
        foreach (int side in (ReadOnlySpan<int>)[-1, 1])
        {
            float nose = side * (person.Nose.HalfWidth + 2.5f);
            face.Line(
                [face.On(nose, person.Nose.TipY - 1), face.On(nose + (side * 4), person.Nose.TipY + 8), face.On(side * (person.Mouth.HalfWidth + 4), person.Mouth.Y - 1)],
                line, 1.1f, 0.5f);
            float corner = side * ((person.Eyes.Spacing / 2) + person.Eyes.HalfWidth + 1.5f);
            face.Line([face.On(corner, -1), face.On(corner + (side * 4), -3)], line, 0.7f);
            face.Line([face.On(corner, 1), face.On(corner + (side * 4), 2)], line, 0.7f);
        }

        if (age > 0.35f)
        {
            face.Line([face.On(-17, -23), face.On(0, -24.5f), face.On(17, -23)], line, 0.9f, 0.4f);
            face.Line([face.On(-14, -28), face.On(0, -29), face.On(14, -28)], line, 0.8f, 0.4f);
        }
    }
}
